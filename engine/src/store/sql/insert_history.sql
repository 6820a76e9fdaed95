insert into history (
    tenant_id, instance_id, seq, at, event_id, event, verdict, from_, to_, context_patch, commands,
    definition_digest, version, semantics, actor, status, state_digest
)
select
    tenant_id, instance_id, seq, at, event_id, event, verdict, from_, to_, context_patch, commands,
    '', version, semantics, actor, status, state_digest
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::uuid[], $6::jsonb[], $7::text[], $8::jsonb[],
    $9::jsonb[], $10::jsonb[], $11::jsonb[], $12::int[], $13::smallint[], $14::text[], $15::text[], $16::bytea[]
) as turn (
    tenant_id, instance_id, seq, at, event_id, event, verdict, from_, to_, context_patch, commands,
    version, semantics, actor, status, state_digest
)
