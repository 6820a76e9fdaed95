insert into consent (tenant_id, contact_id, channel_id, status, source)
values ($1, $2, $3, $4, 'message')
on conflict (tenant_id, contact_id, channel_id) do update
set status = excluded.status, source = excluded.source, at = excluded.at
