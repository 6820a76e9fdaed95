insert into health (tenant_id, subject, state, version, code, message, since)
values ($1, $2, $3, 1, $4, $5, $6)
-- Somebody else was first: what they said stands.
on conflict (tenant_id, subject) do nothing
