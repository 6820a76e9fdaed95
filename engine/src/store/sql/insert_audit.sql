insert into audit (tenant_id, id, actor, verb, target, reason, detail)
values ($1, $2, $3, $4, $5, $6, $7)
