-- The provider may be faster than our own record of what was sent, which then finds this row and completes it.
insert into message (tenant_id, channel_id, direction, provider_id, body, status, at, received_at, routed_at, step_key)
values ($1, $2, 'out', $3, '{}', 'accepted', $5, $6, $6, $4)
on conflict (tenant_id, channel_id, direction, provider_id) do update
set step_key = coalesce(message.step_key, excluded.step_key)
returning id, status, instance_id, conversation_id, step_key
