-- The tenants that have events, found one after the other along the key, and of each its oldest ones: a flood of one
-- tenant's takes no more of the page than another's few. Null: all shards.
with recursive known as (
    (
        select tenant_id
        from inbox
        order by tenant_id
        limit 1
    )
    union all
    select (
        select inbox.tenant_id
        from inbox
        where inbox.tenant_id > known.tenant_id
        order by inbox.tenant_id
        limit 1
    )
    from known
    where known.tenant_id is not null
),
named as (
    select tenant_id, greatest($1 / count(*) over (), 1) as most
    from known
    where tenant_id is not null
)
select waiting.tenant_id, waiting.id, waiting.shard, waiting.instance_id, waiting.body, waiting.actor,
    waiting.received_at, waiting.event_id
from named
cross join lateral (
    select inbox.tenant_id, inbox.id, inbox.shard, inbox.instance_id, inbox.body, inbox.actor, inbox.received_at,
        inbox.event_id
    from inbox
    where inbox.tenant_id = named.tenant_id and ($2::smallint[] is null or inbox.shard = any($2))
    order by inbox.id
    limit named.most
) as waiting
order by waiting.id
