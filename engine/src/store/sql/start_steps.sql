update step
set status = 'started', attempt = step.attempt + 1, fence = step.fence + 1
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::bigint[])
    as begun (tenant_id, instance_id, seq, index, fence)
where
    step.tenant_id = begun.tenant_id
    and step.instance_id = begun.instance_id
    and step.seq = begun.seq
    and step.index = begun.index
    -- Nobody else has claimed it, and its state has not been left.
    and step.fence = begun.fence
    and step.status in ('ready', 'waiting')
returning step.tenant_id, step.instance_id, step.seq, step.index
