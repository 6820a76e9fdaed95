select
    id, conversation_id, direction, provider_id, body, status, at, received_at, routed_at, decision, instance_id, step_key
from message
where tenant_id = $1 and conversation_id = $2 and id > $3 and direction in ('in', 'out')
order by id
limit $4
