-- What people wrote about the contact, a page at a time. That something was done stays.
with
page as (
    select id, target, reason, detail
    from audit
    where tenant_id = $1 and id > $2
    order by id
    limit $4
),
gone as (
    update audit
    set target = '(purged)', reason = case when audit.reason is not null then '(purged)' end, detail = '{"purged": true}'
    from page
    where
        audit.tenant_id = $1
        and audit.id = page.id
        and exists (
            select 1
            from unnest($3::text[]) as needle
            where strpos(page.target || ' ' || coalesce(page.reason, '') || ' ' || page.detail::text, needle) > 0
        )
    returning audit.id
)
select (select id from page order by id desc limit 1) as next, count(*) as changed
from gone
