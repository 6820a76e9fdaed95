-- Messages that belong to no conversation, a page at a time: those that name the contact.
with
page as (
    select id, body
    from message
    where tenant_id = $1 and conversation_id is null and id > $2
    order by id
    limit $4
),
gone as (
    update message
    set body = '{"purged": true}', provider_id = 'purged ' || message.id, decision = null
    from page
    where
        message.tenant_id = $1
        and message.id = page.id
        and message.routed_at is not null
        and exists (select 1 from unnest($3::text[]) as needle where strpos(page.body::text, needle) > 0)
    returning message.id
)
select max(page.id) as next, (select count(*) from gone) as changed
from page
