-- Shard by shard, so that only their part of the index is read.
select waiting.tenant_id, waiting.id, waiting.shard, waiting.instance_id, waiting.body, waiting.actor,
    waiting.received_at, waiting.event_id
from unnest($1::smallint[]) as rung (shard)
cross join lateral (
    select inbox.tenant_id, inbox.id, inbox.shard, inbox.instance_id, inbox.body, inbox.actor, inbox.received_at,
        inbox.event_id
    from inbox
    where inbox.shard = rung.shard
    order by inbox.id
    limit $2
) as waiting
limit $2
