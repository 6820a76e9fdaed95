-- By key and by nothing else: see `prefer_keys.sql`.
update message
set routed_at = $3, decision = routed.decision, conversation_id = routed.conversation_id, instance_id = routed.instance_id
from unnest($1::uuid[], $2::bigint[], $4::text[], $5::uuid[], $6::uuid[])
    as routed (tenant_id, id, decision, conversation_id, instance_id)
where
    message.tenant_id = any(array[routed.tenant_id])
    and message.id = any(array[routed.id])
    -- Not routed; with `is null`, Postgres would also consider the index on what is not.
    and coalesce(message.routed_at, 'infinity') = 'infinity'
