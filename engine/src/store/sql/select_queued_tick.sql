select tick
from schedule_tick
where tenant_id = $1 and schedule_id = $2 and outcome = 'queued'
order by tick
limit 1
