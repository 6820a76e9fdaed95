select instance_id, seq, at, to_jsonb(checkpoint)::text as row
from checkpoint
where tenant_id = $1 and instance_id = any($2)
order by instance_id, seq
