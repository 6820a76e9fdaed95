-- Finished before $3; what began before it and ended after it is stepped over. What was brought back from a file stays a while.
-- A file that holds the instance as it is now is told.
select
    instance.id, instance.seq, instance.created_at,
    (
        select archived.archive_id
        from archived
        where
            archived.tenant_id = instance.tenant_id
            and archived.instance_id = instance.id
            and archived.is_over
            and archived.last_seq = instance.seq
        limit 1
    ) as archive_id
from instance
where
    instance.tenant_id = $1
    and instance.definition = $2
    and not instance.live
    and instance.created_at < $3
    and (instance.created_at, instance.id) > ($4, $5)
    and instance.updated_at < $3
    and not exists (
        select 1
        from archived
        where
            archived.tenant_id = instance.tenant_id
            and archived.instance_id = instance.id
            and archived.restored_until > $6
    )
order by instance.created_at, instance.id
limit $7
