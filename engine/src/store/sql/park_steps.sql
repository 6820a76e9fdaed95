-- By key and by nothing else: see `prefer_keys.sql`.
update step
set status = 'parked'
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::bigint[])
    as kept (tenant_id, instance_id, seq, index, fence)
where
    step.tenant_id = any(array[kept.tenant_id])
    and step.instance_id = kept.instance_id
    and step.seq = kept.seq
    and step.index = kept.index
    and step.fence = kept.fence
    and step.status <> 'parked'
returning step.tenant_id, step.instance_id, step.seq, step.index
