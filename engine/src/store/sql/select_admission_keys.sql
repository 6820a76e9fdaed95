-- The next keys that have a queue, without looking at the queues: one index entry is read for each. All tenants: whichever
-- process comes by moves them up.
with recursive found as (
    (
        select tenant_id, definition, key, max
        from admission
        where status = 'queued' and (tenant_id, definition, key) > ($1, $2, $3)
        order by tenant_id, definition, key
        limit 1
    )
    union all
    select next.tenant_id, next.definition, next.key, next.max
    from found
    cross join lateral (
        select admission.tenant_id, admission.definition, admission.key, admission.max
        from admission
        where
            admission.status = 'queued'
            and (admission.tenant_id, admission.definition, admission.key)
            > (found.tenant_id, found.definition, found.key)
        order by admission.tenant_id, admission.definition, admission.key
        limit 1
    ) as next
)
select tenant_id, definition, key, max
from found
limit $4
