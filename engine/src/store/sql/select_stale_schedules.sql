-- Computed with an older release of the tz database, or marked to be computed again.
select
    tenant_id, id, name, origin, definition, cron, time_zone, policies, calendar, starts_at, ends_at, jitter_ms,
    input, key, paused, next_fire, next_tick, revision, problem, last_tick, last_instance, last_inbox, queued,
    created_at, updated_at
from schedule
where tz_version < $1
order by tz_version
limit $2
