-- A tenant has few channels, so every lookup below them is one by key.
select
    conversation.id, conversation.channel_id, conversation.contact_id, conversation.mode, conversation.foreground_id,
    conversation.suspended, conversation.last_inbound_at, conversation.created_at
from channel
join identity on identity.tenant_id = channel.tenant_id and identity.channel_id = channel.id
    and identity.kind = 'phone' and identity.value = $2
join conversation on conversation.tenant_id = identity.tenant_id
    and conversation.channel_id = identity.channel_id
    and conversation.contact_id = identity.contact_id
where channel.tenant_id = $1
order by conversation.last_inbound_at desc nulls last, conversation.id
