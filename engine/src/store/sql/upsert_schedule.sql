-- What it did so far, and whether it is paused, stays.
insert into schedule (
    tenant_id, id, name, origin, definition, cron, time_zone, policies, calendar, starts_at, ends_at, jitter_ms, input,
    key, paused, next_fire, next_tick, problem, tz_version, zone_used, created_at, updated_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21)
on conflict (tenant_id, name) where name <> '' do update
set
    definition = excluded.definition, cron = excluded.cron, time_zone = excluded.time_zone,
    policies = excluded.policies, calendar = excluded.calendar, starts_at = excluded.starts_at,
    ends_at = excluded.ends_at, jitter_ms = excluded.jitter_ms, input = excluded.input, key = excluded.key,
    paused = excluded.paused, next_fire = excluded.next_fire, next_tick = excluded.next_tick,
    problem = excluded.problem, tz_version = excluded.tz_version, zone_used = excluded.zone_used,
    updated_at = excluded.updated_at, revision = schedule.revision + 1
