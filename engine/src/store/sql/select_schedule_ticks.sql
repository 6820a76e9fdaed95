select tick
from schedule_tick
where tenant_id = $1 and schedule_id = $2 and tick = any($3)
