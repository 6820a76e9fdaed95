select id
from contact
where tenant_id = $1 and phone = $2
order by created_at, id
limit 1
