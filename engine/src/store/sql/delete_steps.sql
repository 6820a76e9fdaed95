-- By key and by nothing else: see `prefer_keys.sql`.
delete from step
using unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::bigint[])
    as gone (tenant_id, instance_id, seq, index, fence)
where
    step.tenant_id = any(array[gone.tenant_id])
    and step.instance_id = gone.instance_id
    and step.seq = gone.seq
    and step.index = gone.index
    -- A result names the fence it ran under; null is a state that was left, whatever its steps were doing.
    and (gone.fence is null or (step.fence = gone.fence and step.status <> 'parked'))
returning step.tenant_id, step.instance_id, step.seq, step.index
