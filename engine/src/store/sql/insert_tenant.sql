insert into tenant (tenant_id, name)
values ($1, $2)
on conflict do nothing
