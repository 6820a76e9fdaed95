-- The oldest one. Of two leaders that see it queued one changes it.
update schedule_tick
set outcome = 'started', instance_id = $4, at = $5
where tenant_id = $1 and schedule_id = $2 and tick = $3 and outcome = 'queued'
returning actor
