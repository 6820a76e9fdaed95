select response
from dedupe
where tenant_id = $1 and scope = 'confirmation' and key = $2
