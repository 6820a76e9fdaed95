-- Their next ticks are computed again.
update schedule
set tz_version = ''
where tenant_id = $1 and calendar = $2
