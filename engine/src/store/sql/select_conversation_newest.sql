select instance.id
from instance
where instance.tenant_id = $1 and instance.conversation_id = $2 and instance.live and instance.parent_invoke is null
    and not exists (
        select 1
        from inbox
        where inbox.tenant_id = $1 and inbox.shard = $3 and inbox.instance_id = instance.id
            and inbox.body ->> 'type' = 'ops.cancel'
    )
order by instance.created_at desc, instance.id desc
limit 1
