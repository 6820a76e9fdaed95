-- Oldest first.
select seq, at, event, definition_digest, semantics, status, state, state_digest, is_verified, made_at
from checkpoint
where tenant_id = $1 and instance_id = $2
order by seq
