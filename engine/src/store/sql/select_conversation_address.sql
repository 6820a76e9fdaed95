select
    conversation.channel_id, conversation.mode, conversation.last_inbound_at,
    (
        select identity.value
        from identity
        where identity.tenant_id = conversation.tenant_id and identity.contact_id = conversation.contact_id
            and identity.channel_id = conversation.channel_id and identity.kind = 'phone'
        -- After a change of number there are two; the contact has the current one.
        order by identity.value = contact.phone desc nulls last, identity.value
        limit 1
    ) as phone,
    (
        select max(identity.value)
        from identity
        where identity.tenant_id = conversation.tenant_id and identity.contact_id = conversation.contact_id
            and identity.channel_id = conversation.channel_id and identity.kind = 'user_id'
    ) as user_id
from conversation
-- By the key: without statistics, all contacts of the tenant would be read.
left join lateral (
    select contact.phone
    from contact
    where contact.tenant_id = $1 and contact.id = conversation.contact_id
    limit 1
) as contact on true
where conversation.tenant_id = $1 and conversation.id = $2
