-- A page of the tenants that have timers with a basis, found one after the other along the index, and each as expressions see
-- it: as in select_tenant_scope.sql.
with recursive known as (
    (
        select tenant_id
        from timer
        where basis is not null and tenant_id > $1
        order by tenant_id
        limit 1
    )
    union all
    select (
        select timer.tenant_id
        from timer
        where timer.basis is not null and timer.tenant_id > known.tenant_id
        order by timer.tenant_id
        limit 1
    )
    from known
    where known.tenant_id is not null
),
page as (
    select tenant_id
    from known
    where tenant_id is not null
    limit $2
)
select
    page.tenant_id,
    coalesce((
        select tenant.settings || jsonb_build_object(
            'id', tenant.tenant_id, 'name', tenant.name, 'locale', tenant.locale, 'timeZone', tenant.time_zone
        )
        from tenant
        where tenant.tenant_id = page.tenant_id
    ), jsonb_build_object('id', page.tenant_id)) || coalesce((
        select jsonb_build_object('calendars', jsonb_object_agg(calendar.name, calendar.hours))
        from calendar
        where calendar.tenant_id = page.tenant_id
        having count(*) > 0
    ), '{}') as tenant
from page
