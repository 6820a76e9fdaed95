insert into audit (tenant_id, id, actor, verb, target, reason, detail)
values ($1, $2, $3, 'conversation.mode', $4, $5, $6)
