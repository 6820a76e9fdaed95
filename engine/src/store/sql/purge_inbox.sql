-- A page of the tenant's inbox, of which what is for these instances, or names the contact, goes. Where the next page begins.
with
page as (
    select id, instance_id, body
    from inbox
    where tenant_id = $1 and id > $2
    order by id
    limit $5
),
gone as (
    delete from inbox
    using page
    where
        inbox.tenant_id = $1
        and inbox.id = page.id
        and (
            page.instance_id = any($3)
            or exists (select 1 from unnest($4::text[]) as needle where strpos(page.body::text, needle) > 0)
        )
    returning inbox.id
)
select max(page.id) as next, (select count(*) from gone) as changed
from page
