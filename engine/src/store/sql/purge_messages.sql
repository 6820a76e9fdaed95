-- That something was said stays; what was said, and ids of the provider that are made of phone numbers, go.
with page as (
    select id, body
    from message
    where tenant_id = $1 and conversation_id = any($2) and (body <> '{"purged": true}' or decision is not null)
    limit $3
),
files as (
    delete from media
    using page
    where media.tenant_id = $1 and media.provider_id = page.body #>> '{media,id}'
)
update message
set
    body = '{"purged": true}',
    provider_id = case when message.provider_id is not null then 'purged ' || message.id end,
    decision = null
from page
where message.tenant_id = $1 and message.id = page.id
