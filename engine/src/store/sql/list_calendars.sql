select name, hours, updated_at
from calendar
where tenant_id = $1
order by name
limit 100
