-- Whoever takes a tick away from its row has it; the others find another next_fire.
update schedule
set
    next_fire = done.next_fire, next_tick = done.next_tick, last_tick = done.last_tick, problem = done.problem,
    zone_used = done.zone_used, tz_version = $9
from
    unnest(
        $1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
        $7::timestamptz[], $8::text[], $10::text[]
    ) as done (tenant_id, id, old_fire, revision, next_fire, next_tick, last_tick, problem, zone_used)
where
    schedule.tenant_id = done.tenant_id and schedule.id = done.id and schedule.next_fire = done.old_fire
    and schedule.revision = done.revision and not schedule.paused
returning schedule.tenant_id, schedule.id, schedule.last_instance, schedule.last_inbox, schedule.queued
