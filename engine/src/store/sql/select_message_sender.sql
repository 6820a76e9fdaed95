select instance_id
from message
where tenant_id = $1 and channel_id = $2 and direction = 'out' and provider_id = $3
