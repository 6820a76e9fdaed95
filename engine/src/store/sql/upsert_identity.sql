insert into identity (tenant_id, channel_id, kind, value, contact_id)
values ($1, $2, $3, $4, $5)
on conflict (tenant_id, channel_id, kind, value) do update
set contact_id = excluded.contact_id
where identity.contact_id <> excluded.contact_id
