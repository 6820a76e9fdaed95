select tenant_id, instance_id, seq, index, name, shard, fire_at
from timer
where fire_at <= $1
order by fire_at
limit $2
