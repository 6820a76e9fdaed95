-- What is left names the instance and the chain, and nobody.
with
incidents as (
    delete from incident
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
update instance
set context = '{"purged": true}', memo = jsonb_build_object('seed', memo -> 'seed'), key = null
where tenant_id = $1 and id = any($2) and not live
