select response
from dedupe
where tenant_id = $1 and scope = $2 and key = $3
