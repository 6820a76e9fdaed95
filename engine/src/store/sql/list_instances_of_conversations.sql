-- As list_instances, for the few conversations of one person: runs along the index on conversations.
select
    id, definition, version, status, seq, configuration, key, conversation_id, parent_id, created_at, updated_at
from instance
where
    tenant_id = $1
    and conversation_id = any($9::uuid[])
    and ($2::uuid is null or id < $2)
    and ($3::text is null or definition = $3)
    and ($4::text is null or status = $4)
    and ($5::text is null or key = $5)
    and (
        $6::text is null
        or exists (
            select from jsonb_array_elements_text(configuration) as leaf
            where leaf = $6 or starts_with(leaf, $6 || '.')
        )
    )
    and ($7::text is null or id::text = $7 or starts_with(key, $7) or starts_with(definition, $7))
order by id desc
limit $8
