insert into step (
    tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, invoke, kind, key, conversation_id, policy,
    input, created_at
)
select
    tenant_id, instance_id, seq, index, shard, 'ready', 0, 0, due, invoke, kind, key, conversation_id, policy, input, due
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::smallint[], $6::timestamptz[], $7::text[], $8::text[],
    $9::text[], $10::uuid[], $11::jsonb[], $12::jsonb[]
) as asked (
    tenant_id, instance_id, seq, index, shard, due, invoke, kind, key, conversation_id, policy, input
)
