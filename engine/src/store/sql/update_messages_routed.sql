update message
set routed_at = $3, decision = routed.decision, conversation_id = routed.conversation_id, instance_id = routed.instance_id
from unnest($1::uuid[], $2::bigint[], $4::text[], $5::uuid[], $6::uuid[])
    as routed (tenant_id, id, decision, conversation_id, instance_id)
where message.tenant_id = routed.tenant_id and message.id = routed.id and message.routed_at is null
