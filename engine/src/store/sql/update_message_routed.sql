update message
set routed_at = $3, decision = $4, conversation_id = $5, instance_id = $6
where tenant_id = $1 and id = $2 and routed_at is null
