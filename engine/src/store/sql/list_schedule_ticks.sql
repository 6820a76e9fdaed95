select tick, outcome, until, instance_id, actor, at
from schedule_tick
where tenant_id = $1 and schedule_id = $2
order by tick desc
limit $3
