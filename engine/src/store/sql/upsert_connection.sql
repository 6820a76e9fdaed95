insert into connection (tenant_id, id, name, provider, base_url, settings, secrets, key_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant_id, name) do update
set provider = excluded.provider, base_url = excluded.base_url, settings = excluded.settings,
    secrets = excluded.secrets, key_id = excluded.key_id
-- The credentials are sealed for one row: they would not open in another.
where connection.id = excluded.id
returning tenant_id, id, name, provider, base_url, settings, secrets, key_id, created_at
