select tenant_id, id, file
from archive
where status = 'written' and (tenant_id, id) > ($1, $2)
order by tenant_id, id
limit 100
