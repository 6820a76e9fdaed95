select id
from instance
where tenant_id = $1 and definition = $2 and live_key = $3
