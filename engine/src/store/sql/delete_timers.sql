delete from timer
using unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[]) as gone (tenant_id, instance_id, seq, index)
where
    timer.tenant_id = gone.tenant_id
    and timer.instance_id = gone.instance_id
    and timer.seq = gone.seq
    and timer.index = gone.index
returning timer.tenant_id, timer.instance_id, timer.seq, timer.index
