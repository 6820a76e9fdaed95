-- When shards are taken: tries that were under way when an earlier owner ended. Null: all shards.
select
    step.tenant_id, step.instance_id, step.seq, step.index, step.shard, step.status, step.attempt, step.fence, step.due,
    step.tries, step.invoke, step.kind, step.key, step.conversation_id, step.policy, step.input
from step
where step.status = 'started' and ($1::smallint[] is null or step.shard = any($1))
