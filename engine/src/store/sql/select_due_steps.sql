-- Null: all shards.
select
    step.tenant_id, step.instance_id, step.seq, step.index, step.shard, step.status, step.attempt, step.fence, step.due,
    step.tries, step.invoke, step.kind, step.key, step.conversation_id, step.policy, step.input
from step
where
    step.due <= $1
    and step.status in ('ready', 'waiting', 'checking')
    and ($3::smallint[] is null or step.shard = any($3))
order by step.due
limit $2
