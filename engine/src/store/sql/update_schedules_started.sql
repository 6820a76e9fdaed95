update schedule
set
    last_instance = coalesce(done.instance_id, schedule.last_instance),
    last_inbox = case when done.instance_id is null then schedule.last_inbox else done.inbox_id end,
    queued = done.queued, looked_at = $6
from
    unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::int[])
        as done (tenant_id, id, instance_id, inbox_id, queued)
where schedule.tenant_id = done.tenant_id and schedule.id = done.id
