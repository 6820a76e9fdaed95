select id
from instance
where tenant_id = $1 and definition = $2 and key = $3 and live
