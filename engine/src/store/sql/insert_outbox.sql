insert into outbox (tenant_id, id, process_id, created_at, steps)
select tenant_id, id, $1, $2, steps
from unnest($3::uuid[], $4::uuid[], $5::bytea[]) as opened (tenant_id, id, steps)
