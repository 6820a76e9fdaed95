-- Null: all shards.
select tenant_id, instance_id, seq, index, name, shard, fire_at
from timer
where fire_at <= $1 and ($3::smallint[] is null or shard = any($3))
order by fire_at
limit $2
