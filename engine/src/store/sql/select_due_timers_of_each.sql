-- The tenants that have timers, found one after the other along the index (not by reading all timers), and of each of those
-- with something due its oldest ones: one that has a million due takes no more of the page than one that has few.
with recursive known as (
    (
        select tenant_id
        from timer
        order by tenant_id
        limit 1
    )
    union all
    select (
        select timer.tenant_id
        from timer
        where timer.tenant_id > known.tenant_id
        order by timer.tenant_id
        limit 1
    )
    from known
    where known.tenant_id is not null
),
named as (
    select tenant_id, greatest($2 / count(*) over (), 1) as most
    from known
    where exists (select 1 from timer where timer.tenant_id = known.tenant_id and timer.fire_at <= $1)
)
select due.tenant_id, due.instance_id, due.seq, due.index, due.name, due.shard, due.fire_at
from named
cross join lateral (
    select timer.tenant_id, timer.instance_id, timer.seq, timer.index, timer.name, timer.shard, timer.fire_at
    from timer
    where timer.tenant_id = named.tenant_id and timer.fire_at <= $1 and ($3::smallint[] is null or timer.shard = any($3))
    order by timer.fire_at
    limit named.most
) as due
order by due.fire_at
