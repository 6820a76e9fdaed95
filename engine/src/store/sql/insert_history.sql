insert into history (
    tenant_id, instance_id, seq, at, event_id, event, verdict, from_, to_, context_patch, commands,
    definition_digest, version, semantics, actor, status, state_digest
)
select
    tenant_id, instance_id, seq, at, event_id, event, verdict, from_, to_, context_patch, commands,
    '', version, semantics, actor, status, state_digest
from unnest($1::turn_record[])
