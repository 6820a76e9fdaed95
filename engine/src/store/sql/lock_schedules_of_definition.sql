select
    tenant_id, id, name, origin, definition, cron, time_zone, policies, calendar, starts_at, ends_at, jitter_ms,
    input, key, paused, next_fire, next_tick, revision, problem, last_tick, last_instance, last_inbox, queued,
    created_at, updated_at
from schedule
where tenant_id = $1 and definition = $2 and origin = 'definition'
order by name
for update
