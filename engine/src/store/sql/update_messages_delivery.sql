update message
set status = told.status
from unnest($1::uuid[], $2::bigint[], $3::text[]) as told (tenant_id, id, status)
where message.tenant_id = told.tenant_id and message.id = told.id
