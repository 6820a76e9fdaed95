insert into instance (
    tenant_id, id, shard, seq, status, live, updated_at, configuration, memo, definition, version, digest, key,
    conversation_id, parent_id, parent_invoke, parent_step, created_at, context, origin, live_key
)
select
    tenant_id, id, shard, seq, status, live, updated_at, coalesce(configuration, ($2::jsonb[])[configuration_shared]),
    coalesce(memo, ($2::jsonb[])[memo_shared]), definition, version, digest, key, conversation_id, parent_id, parent_invoke,
    parent_step, created_at, coalesce(context, ($2::jsonb[])[context_shared]), origin, case when live then key end
from unnest($1::birth_record_2[]) as born
-- Either the id or the key is taken; the caller finds out which.
on conflict do nothing
returning tenant_id, id
