-- $2: the ways the number may be written. A tenant has few channels, so every lookup below them is one by key.
with person as (
    select contact.id
    from contact
    where contact.tenant_id = $1 and contact.phone = any($2::text[])
    union
    select identity.contact_id
    from channel
    join identity
        on identity.tenant_id = channel.tenant_id
        and identity.channel_id = channel.id
        and identity.kind = 'phone'
        and identity.value = any($2::text[])
    where channel.tenant_id = $1
)
select conversation.id
from channel
cross join person
join conversation
    on conversation.tenant_id = channel.tenant_id
    and conversation.channel_id = channel.id
    and conversation.contact_id = person.id
where channel.tenant_id = $1
limit 100
