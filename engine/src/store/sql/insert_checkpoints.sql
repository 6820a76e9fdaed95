-- A state is kept only beside the turn that it follows, and only if it is the one that turn left: what digests cannot tell,
-- because another release wrote the turn, is said.
insert into checkpoint (
    tenant_id, instance_id, seq, at, event, definition_digest, semantics, status, state, state_digest, is_verified,
    made_at
)
select
    given.tenant_id, given.instance_id, given.seq, history.at, history.event,
    coalesce(nullif(history.definition_digest, ''), definition.digest, ''), history.semantics, history.status, given.state,
    history.state_digest, history.state_digest = given.digest, $6
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::jsonb[], $5::bytea[])
    as given (tenant_id, instance_id, seq, state, digest)
join history
    on history.tenant_id = given.tenant_id
    and history.instance_id = given.instance_id
    and history.seq = given.seq
left join instance on instance.tenant_id = given.tenant_id and instance.id = given.instance_id
left join definition
    on definition.tenant_id = given.tenant_id
    and definition.name = instance.definition
    and definition.version = history.version
where history.state_digest = given.digest or history.semantics <> $7
on conflict do nothing
