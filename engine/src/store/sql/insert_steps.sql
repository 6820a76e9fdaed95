insert into step (
    tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, tries, invoke, kind, key, conversation_id,
    policy, input, created_at
)
select
    tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, tries, invoke, kind, key, conversation_id,
    policy, input, due
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::smallint[], $6::text[], $7::int[], $8::bigint[],
    $9::timestamptz[], $10::jsonb[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::jsonb[], $16::jsonb[]
) as asked (
    tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, tries, invoke, kind, key, conversation_id,
    policy, input
)
on conflict do nothing
