select tenant_id, id, channel_id, direction, coalesce(provider_id, '') as provider_id, body, at, received_at
from message
where routed_at is null and id > $1
order by id
limit $2
