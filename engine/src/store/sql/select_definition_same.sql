select version, status
from definition
where tenant_id = $1 and name = $2 and digest = $3
