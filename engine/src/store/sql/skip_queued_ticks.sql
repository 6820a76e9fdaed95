update schedule_tick
set outcome = 'skipped', at = $3
where tenant_id = $1 and schedule_id = $2 and outcome = 'queued'
