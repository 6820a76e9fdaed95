insert into message (
    tenant_id, channel_id, conversation_id, direction, provider_id, body, status, at, received_at, routed_at,
    instance_id, step_key
)
select conversation.tenant_id, conversation.channel_id, conversation.id, 'out', $3, $4, 'sent', $5, $5, $5, $6, $7
from conversation
where conversation.tenant_id = $1 and conversation.id = $2
on conflict (tenant_id, channel_id, direction, provider_id) do update
set conversation_id = excluded.conversation_id, body = excluded.body, instance_id = excluded.instance_id,
    step_key = excluded.step_key, status = case message.status when 'accepted' then 'sent' else message.status end
-- Told twice: it is on record.
where message.instance_id is null
returning status, channel_id
