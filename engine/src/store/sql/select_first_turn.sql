select seq
from history
where tenant_id = $1 and instance_id = $2
order by seq
limit 1
