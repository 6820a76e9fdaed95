-- As in select_scope.sql: of the tenant's settings, those that have a column or a table do not hide it.
select coalesce((
    select tenant.settings || jsonb_build_object(
        'id', tenant.tenant_id, 'name', tenant.name, 'locale', tenant.locale, 'timeZone', tenant.time_zone
    )
    from tenant
    where tenant.tenant_id = $1
), jsonb_build_object('id', $1)) || coalesce((
    select jsonb_build_object('calendars', jsonb_object_agg(calendar.name, calendar.hours))
    from calendar
    where calendar.tenant_id = $1
    having count(*) > 0
), '{}') as tenant
