insert into channel (tenant_id, id, kind, name, external_id, settings, secrets, key_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (kind, external_id) do update
set name = excluded.name, settings = excluded.settings, secrets = excluded.secrets, key_id = excluded.key_id
-- The credentials are sealed for one row of one tenant: they would not open in another.
where channel.tenant_id = excluded.tenant_id and channel.id = excluded.id
returning tenant_id, id, kind, name, external_id, settings, secrets, key_id, created_at
