select instance_id, start
from admission
where tenant_id = $1 and definition = $2 and key = $3 and status = 'queued'
order by admitted_at, instance_id
limit $4
