-- What is left names the instance and the chain, and nobody. It is a turn like any other: an owner that still has the instance in
-- memory finds another seq, and forgets what it had.
with
given as (
    select id, seq
    from unnest($2::uuid[], $3::bigint[]) as given (id, seq)
),
incidents as (
    delete from incident
    using given
    where incident.tenant_id = $1 and incident.instance_id = given.id
),
checkpoints as (
    delete from checkpoint
    using given
    where checkpoint.tenant_id = $1 and checkpoint.instance_id = given.id
),
steps as (
    delete from step
    using given
    where step.tenant_id = $1 and step.instance_id = given.id
),
timers as (
    delete from timer
    using given
    where timer.tenant_id = $1 and timer.instance_id = given.id
)
update instance
set
    seq = given.seq + 1, updated_at = greatest(instance.updated_at, $4), context = '{"purged": true}',
    memo = jsonb_build_object('seed', coalesce(instance.origin, instance.memo) -> 'seed'), origin = null, key = null
from given
where instance.tenant_id = $1 and instance.id = given.id and instance.seq = given.seq and not instance.live
returning instance.id
