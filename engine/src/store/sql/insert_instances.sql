insert into instance (
    tenant_id, id, shard, seq, status, live, updated_at, configuration, memo, definition, version, digest, key,
    conversation_id, parent_id, parent_invoke, parent_step, created_at, context, origin, live_key
)
select
    tenant_id, id, shard, seq, status, live, updated_at, configuration, memo, definition, version, digest, key,
    conversation_id, parent_id, parent_invoke, parent_step, created_at, context, origin,
    case when live then key end
from unnest(
    $1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[], $5::text[], $6::boolean[], $7::timestamptz[], $8::jsonb[],
    $9::jsonb[], $10::text[], $11::int[], $12::text[], $13::text[], $14::uuid[], $15::uuid[], $16::text[],
    $17::text[], $18::timestamptz[], $19::jsonb[], $20::jsonb[]
) as born (
    tenant_id, id, shard, seq, status, live, updated_at, configuration, memo, definition, version, digest, key,
    conversation_id, parent_id, parent_invoke, parent_step, created_at, context, origin
)
-- Either the id or the key is taken; the caller finds out which.
on conflict do nothing
returning tenant_id, id
