select seq, index, invoke, kind, status, attempt, due, key, tries
from step
where tenant_id = $1 and instance_id = $2
order by seq, index
limit $3
