-- A new next tick, unless the row was changed in between.
update schedule
set
    paused = $4, next_fire = $5, next_tick = $6, problem = $7, tz_version = $8, zone_used = $9, updated_at = $10,
    revision = revision + 1
where tenant_id = $1 and id = $2 and revision = $3
