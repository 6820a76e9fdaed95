-- Who has turns in a month, a page at a time, by jumping from one instance to the next along the key; and what decides whether
-- the month may be dropped as far as they go.
with recursive walk as (
    (
        select tenant_id, instance_id
        from history
        where at >= $1 and at < $2 and (tenant_id, instance_id) > ($3, $4)
        order by tenant_id, instance_id
        limit 1
    )
    union all
    select further.tenant_id, further.instance_id
    from walk
    cross join lateral (
        select tenant_id, instance_id
        from history
        where at >= $1 and at < $2 and (tenant_id, instance_id) > (walk.tenant_id, walk.instance_id)
        order by tenant_id, instance_id
        limit 1
    ) as further
),
page as (
    select tenant_id, instance_id
    from walk
    limit $6
)
select
    page.tenant_id, page.instance_id, instance.definition, instance.conversation_id, instance.live,
    coalesce(kept.retention_ms, $5) as retention_ms,
    (
        select max(history.seq)
        from history
        where
            history.tenant_id = page.tenant_id
            and history.instance_id = page.instance_id
            and history.at >= $1
            and history.at < $2
    ) as last_seq,
    (
        select max(checkpoint.seq)
        from checkpoint
        where checkpoint.tenant_id = page.tenant_id and checkpoint.instance_id = page.instance_id
    ) as checkpoint_seq,
    (
        select max(archived.last_seq)
        from archived
        where archived.tenant_id = page.tenant_id and archived.instance_id = page.instance_id
    ) as archived_seq,
    (
        select max(archived.restored_until)
        from archived
        where archived.tenant_id = page.tenant_id and archived.instance_id = page.instance_id
    ) as restored_until
from page
left join instance on instance.tenant_id = page.tenant_id and instance.id = page.instance_id
left join lateral (
    select definition.retention_ms
    from definition
    where
        definition.tenant_id = page.tenant_id
        and definition.name = instance.definition
        and definition.published_at is not null
    order by definition.published_at desc
    limit 1
) as kept on true
order by page.tenant_id, page.instance_id
