-- A page of all schedules, in the order of their key; a tenant that moved to another zone shows.
select
    schedule.tenant_id, schedule.id, schedule.name,
    schedule.time_zone = 'tenant' and schedule.zone_used <> coalesce(tenant.time_zone, 'UTC') as has_moved
from schedule
left join tenant on tenant.tenant_id = schedule.tenant_id
where (schedule.tenant_id, schedule.id) > ($1, $2)
order by schedule.tenant_id, schedule.id
limit $3
