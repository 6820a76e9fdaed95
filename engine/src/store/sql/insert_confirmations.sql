insert into dedupe (tenant_id, scope, key, response, expires_at)
select told.tenant_id, 'confirmation', told.key, told.response, $4
from unnest($1::uuid[], $2::text[], $3::jsonb[]) as told (tenant_id, key, response)
-- Two processes may be told the same.
order by told.tenant_id, told.key
on conflict do nothing
