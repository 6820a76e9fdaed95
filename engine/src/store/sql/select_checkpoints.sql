-- Oldest first.
select seq, at, event, semantics, state, state_digest, is_verified
from checkpoint
where tenant_id = $1 and instance_id = $2
order by seq
