insert into admission (tenant_id, definition, key, instance_id, status, admitted_at, born_by, max, start)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant_id, definition, key, instance_id) do update
set status = excluded.status, born_by = excluded.born_by, start = excluded.start
