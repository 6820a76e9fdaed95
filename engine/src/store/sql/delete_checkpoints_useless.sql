-- Older ones whose next turn has left: nothing can be replayed from them.
delete from checkpoint
using unnest($1::uuid[], $2::uuid[]) as given (tenant_id, instance_id)
where
    checkpoint.tenant_id = given.tenant_id
    and checkpoint.instance_id = given.instance_id
    and exists (
        select 1
        from checkpoint as later
        where
            later.tenant_id = checkpoint.tenant_id
            and later.instance_id = checkpoint.instance_id
            and later.seq > checkpoint.seq
    )
    and not exists (
        select 1
        from history
        where
            history.tenant_id = checkpoint.tenant_id
            and history.instance_id = checkpoint.instance_id
            and history.seq = checkpoint.seq + 1
    )
