with
turns as (
    delete from history
    where tenant_id = $1 and instance_id = any($2)
),
checkpoints as (
    delete from checkpoint
    where tenant_id = $1 and instance_id = any($2)
),
steps as (
    delete from step
    where tenant_id = $1 and instance_id = any($2)
),
timers as (
    delete from timer
    where tenant_id = $1 and instance_id = any($2)
)
delete from incident
where tenant_id = $1 and instance_id = any($2)
