-- A step that had no row gets it, if its instance still waits for it.
insert into step (
    tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, tries, invoke, kind, key, conversation_id,
    policy, input, created_at
)
select $1, $2, $3, $4, $5, $6, $7, $8 + 1, $9, $10, $11, $12, $13, $14, $15, $16, $9
from instance
where
    instance.tenant_id = $1
    and instance.id = $2
    and exists (
        select 1
        from jsonb_each(instance.memo -> 'steps') as open
        where open.value ->> 'id' = $3::bigint || '.' || $4::int
    )
on conflict do nothing
returning fence
