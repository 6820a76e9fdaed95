update step
set status = 'started', attempt = step.attempt + 1, fence = step.fence + 1
from (
    -- The limit takes nothing away: with it the plan that is kept looks as cheap as a new one (`select_conversation_line.sql`).
    select *
    from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::bigint[])
        as named (tenant_id, instance_id, seq, index, fence)
    limit $6
) as begun
where
    -- By key and by nothing else: see `prefer_keys.sql`.
    step.tenant_id = any(array[begun.tenant_id])
    and step.instance_id = begun.instance_id
    and step.seq = begun.seq
    and step.index = begun.index
    -- Nobody else has claimed it, and its state has not been left.
    and step.fence = begun.fence
    -- Never null; without `coalesce`, Postgres would also consider the index on lanes, of which only the tenant is known here.
    and coalesce(step.status, '') in ('ready', 'waiting')
returning step.tenant_id, step.instance_id, step.seq, step.index
