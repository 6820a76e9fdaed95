-- An instance lives, or its start is still in the inbox. Both in one snapshot: the turn that takes the row makes the
-- instance.
select started.tenant_id, started.instance_id
from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as started (tenant_id, instance_id, inbox_id)
where
    exists(
        select 1 from instance
        where instance.tenant_id = started.tenant_id and instance.id = started.instance_id and instance.live
    )
    or exists(
        select 1 from inbox
        where inbox.tenant_id = started.tenant_id and inbox.id = started.inbox_id
    )
