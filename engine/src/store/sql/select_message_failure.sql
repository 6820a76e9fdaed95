select body -> 'error' as error
from message
where tenant_id = $1 and channel_id = $2 and direction = 'status' and provider_id = $3 || ' failed'
