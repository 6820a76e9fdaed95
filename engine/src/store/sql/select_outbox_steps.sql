-- Of these steps, those that their instance still waits for and that have no row: what is needed to make it. The command
-- stands in the history of the turn that opened the step.
select
    named.tenant_id, named.instance_id, named.seq, named.index, instance.shard, instance.conversation_id,
    history.at, command.value as command
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[]) as named (tenant_id, instance_id, seq, index)
join instance on instance.tenant_id = named.tenant_id and instance.id = named.instance_id
join history
    on history.tenant_id = named.tenant_id
    and history.instance_id = named.instance_id
    and history.seq = named.seq
cross join lateral jsonb_array_elements(history.commands) as command
where
    command.value ->> 'type' = 'run_step'
    and command.value ->> 'id' = named.seq || '.' || named.index
    and exists (
        select 1
        from jsonb_each(instance.memo -> 'steps') as open
        where open.value ->> 'id' = named.seq || '.' || named.index
    )
    and not exists (
        select 1
        from step
        where
            step.tenant_id = named.tenant_id
            and step.instance_id = named.instance_id
            and step.seq = named.seq
            and step.index = named.index
    )
