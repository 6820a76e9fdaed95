insert into inbox (tenant_id, shard, instance_id, body, actor, received_at, event_id)
select tenant_id, shard, instance_id, body, actor, $6, event_id
from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::jsonb[], $5::text[], $7::uuid[])
    as sent (tenant_id, shard, instance_id, body, actor, event_id)
returning id
