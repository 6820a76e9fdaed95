-- Answers that are remembered, a page at a time: those that name the contact, a conversation or an instance of theirs.
with
page as (
    select scope, key, response
    from dedupe
    where tenant_id = $1 and (scope, key) > ($2, $3)
    order by scope, key
    limit $5
),
gone as (
    delete from dedupe
    using page
    where
        dedupe.tenant_id = $1
        and dedupe.scope = page.scope
        and dedupe.key = page.key
        and exists (
            select 1
            from unnest($4::text[]) as needle
            where strpos(page.scope || ' ' || page.key || ' ' || coalesce(page.response::text, ''), needle) > 0
        )
    returning dedupe.key
),
last as (
    select scope, key
    from page
    order by scope desc, key desc
    limit 1
)
select (select scope from last) as next_scope, (select key from last) as next_key, count(*) as changed
from gone
