-- Who it is, and every name a channel gives them.
select
    contact.phone, contact.email,
    array(
        select identity.value
        from identity
        where identity.tenant_id = contact.tenant_id and identity.contact_id = contact.id
    ) as identities,
    array(
        select conversation.id
        from conversation
        where conversation.tenant_id = contact.tenant_id and conversation.contact_id = contact.id
    ) as conversations
from contact
where contact.tenant_id = $1 and contact.id = $2
