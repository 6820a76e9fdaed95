-- By shard and id, so that the index gives the order and a sweep can go on where it stopped. Null: all shards.
-- The first condition says nothing new, but tells Postgres that the index has what is asked for.
select tenant_id, id, shard, instance_id, body, actor, received_at, event_id
from inbox
where shard >= $1 and (shard, id) > ($1, $2) and ($4::smallint[] is null or shard = any($4))
order by shard, id
limit $3
