-- Of each lane the first that are due: the flood of one does not stand in front of the others. Null: all shards.
select
    step.tenant_id, step.instance_id, step.seq, step.index, step.shard, step.status, step.attempt, step.fence, step.due,
    step.tries, step.invoke, step.kind, step.key, step.conversation_id, step.policy, step.input
from unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[]) as asked (tenant_id, kind, lane, rows_max)
cross join lateral (
    select *
    from step
    where
        step.tenant_id = asked.tenant_id
        and step.kind = asked.kind
        and step.lane = asked.lane
        and step.status in ('ready', 'waiting', 'checking')
        and step.due <= $1
        and ($6::smallint[] is null or step.shard = any($6))
    order by step.due
    limit asked.rows_max
) as step
