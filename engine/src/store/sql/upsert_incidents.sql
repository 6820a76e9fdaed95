insert into incident (
    tenant_id, instance_id, seq, since, code, message, fingerprint, definition, version, state, step
)
select tenant_id, instance_id, seq, since, code, message, fingerprint, definition, version, state, step
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[],
    $10::text[], $11::text[]
) as opened (tenant_id, instance_id, seq, since, code, message, fingerprint, definition, version, state, step)
on conflict (tenant_id, instance_id) do update
set
    seq = excluded.seq,
    since = excluded.since,
    code = excluded.code,
    message = excluded.message,
    fingerprint = excluded.fingerprint,
    definition = excluded.definition,
    version = excluded.version,
    state = excluded.state,
    step = excluded.step
