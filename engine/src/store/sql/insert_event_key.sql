insert into dedupe (tenant_id, scope, key, response, expires_at)
values ($1, $2, $3, $4, $5)
on conflict do nothing
