-- Null: all shards.
select fire_at
from timer
where fire_at > $1 and ($2::smallint[] is null or shard = any($2))
order by fire_at
limit 1
