-- The steps that turns of an instance asked for, by command id: their keys are made of it.
select command ->> 'id' as id
from history
cross join lateral jsonb_array_elements(history.commands) as command
where
    history.tenant_id = $1
    and history.instance_id = $2
    and history.seq > $3
    and history.seq <= $4
    and command ->> 'type' = 'run_step'
