insert into dedupe (tenant_id, scope, key, response, expires_at)
values ($1, 'confirmation', $2, $3, $4)
on conflict do nothing
