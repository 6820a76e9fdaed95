select
    conversation.id, conversation.channel_id, conversation.mode, conversation.foreground_id,
    conversation.suspended, conversation.last_inbound_at, conversation.created_at, contact.id as contact_id,
    contact.name as contact_name, contact.phone as contact_phone
from conversation
left join contact on contact.tenant_id = conversation.tenant_id and contact.id = conversation.contact_id
where
    conversation.tenant_id = $1
    and ($2::uuid is null or conversation.id < $2)
    and ($3::uuid[] is null or conversation.id = any($3))
order by conversation.id desc
limit $4
