update schedule
set looked_at = $3
from unnest($1::uuid[], $2::uuid[]) as seen (tenant_id, id)
where schedule.tenant_id = seen.tenant_id and schedule.id = seen.id
