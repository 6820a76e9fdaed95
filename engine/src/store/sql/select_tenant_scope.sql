-- As in select_scope.sql: of the tenant's settings, those that have a column do not hide it.
select tenant.settings || jsonb_build_object(
    'id', tenant.tenant_id, 'name', tenant.name, 'locale', tenant.locale, 'timeZone', tenant.time_zone
) as tenant
from tenant
where tenant.tenant_id = $1
