insert into calendar (tenant_id, name, hours, updated_at)
values ($1, $2, $3, $4)
on conflict (tenant_id, name) do update
set hours = excluded.hours, updated_at = excluded.updated_at
