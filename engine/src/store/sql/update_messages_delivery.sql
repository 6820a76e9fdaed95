-- By key and by nothing else: see `prefer_keys.sql`.
update message
set status = told.status
from unnest($1::uuid[], $2::bigint[], $3::text[]) as told (tenant_id, id, status)
where message.tenant_id = any(array[told.tenant_id]) and message.id = any(array[told.id])
