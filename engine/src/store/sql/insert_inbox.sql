insert into inbox (tenant_id, shard, instance_id, body, actor, received_at)
select tenant_id, shard, instance_id, body, actor, $6
from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::jsonb[], $5::text[])
    as sent (tenant_id, shard, instance_id, body, actor)
returning id
