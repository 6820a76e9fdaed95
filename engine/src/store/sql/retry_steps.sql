-- By key and by nothing else: see `prefer_keys.sql`.
update step
set status = 'ready', attempt = 0, fence = step.fence + 1, due = $5
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[]) as again (tenant_id, instance_id, seq, index)
where
    step.tenant_id = any(array[again.tenant_id])
    and step.instance_id = again.instance_id
    and step.seq = again.seq
    and step.index = again.index
returning
    step.tenant_id, step.instance_id, step.seq, step.index, step.shard, step.status, step.attempt, step.fence, step.due,
    step.tries, step.invoke, step.kind, step.key, step.conversation_id, step.policy, step.input
