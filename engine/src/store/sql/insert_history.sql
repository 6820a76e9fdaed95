insert into history (
    tenant_id, instance_id, seq, at, event_id, event, verdict, from_, to_, context_patch, commands,
    definition_digest, version, semantics, actor, status, state_digest
)
select
    tenant_id, instance_id, seq, at, event_id, coalesce(event, ($2::jsonb[])[event_shared]), verdict,
    coalesce(from_, ($2::jsonb[])[from_shared]), coalesce(to_, ($2::jsonb[])[to_shared]), context_patch,
    coalesce(commands, ($2::jsonb[])[commands_shared]), '', version, semantics, actor, status, state_digest
from unnest($1::turn_record_2[]) as turn
