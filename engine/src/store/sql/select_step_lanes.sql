-- The next lanes (tenant, kind, connection) that have open steps, without looking at the steps: of each lane one entry of
-- the index is read.
with recursive found as (
    (
        select tenant_id, kind, lane
        from step
        where (tenant_id, kind, lane) > ($1, $2, $3) and status in ('ready', 'waiting', 'checking')
        order by tenant_id, kind, lane
        limit 1
    )
    union all
    select next.tenant_id, next.kind, next.lane
    from found
    cross join lateral (
        select step.tenant_id, step.kind, step.lane
        from step
        where
            (step.tenant_id, step.kind, step.lane) > (found.tenant_id, found.kind, found.lane)
            and step.status in ('ready', 'waiting', 'checking')
        order by step.tenant_id, step.kind, step.lane
        limit 1
    ) as next
)
select tenant_id, kind, lane
from found
limit $4
