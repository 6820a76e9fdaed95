select instance.id, instance.conversation_id
from instance
where instance.tenant_id = $1 and instance.definition = $2 and instance.live_key = $3
    and not exists (
        select 1
        from inbox
        where inbox.tenant_id = $1 and inbox.shard = instance.shard and inbox.instance_id = instance.id
            and inbox.body ->> 'type' = 'ops.cancel'
    )
