-- Timers of a tenant with an outdated basis are given the one that is right now, and each of their instances the event that
-- computes them again. Of two that do this at once one finds nothing left.
with stale as (
    (
        select instance_id, seq, index, basis
        from timer
        where tenant_id = $1 and basis < $2
        limit $4
    )
    union all
    (
        select instance_id, seq, index, basis
        from timer
        where tenant_id = $1 and basis > $2 and basis < $3
        limit $4
    )
),
marked as (
    update timer
    set basis = $2
    from stale
    where
        timer.tenant_id = $1
        and timer.instance_id = stale.instance_id
        and timer.seq = stale.seq
        and timer.index = stale.index
        and timer.basis = stale.basis
    returning timer.instance_id, timer.shard
),
told as (
    insert into inbox (tenant_id, shard, instance_id, body, actor, received_at)
    select $1, shard, instance_id, $5, $6, $7
    from (select distinct shard, instance_id from marked) as one
)
select count(*) as waits
from marked
