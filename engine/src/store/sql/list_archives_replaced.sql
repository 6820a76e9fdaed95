select tenant_id, id, file
from archive
where status = 'replaced' and (tenant_id, id) > ($1, $2)
order by tenant_id, id
limit 100
