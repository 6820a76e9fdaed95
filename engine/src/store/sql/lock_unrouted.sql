select id
from message
where tenant_id = $1 and id = $2 and routed_at is null
for update
