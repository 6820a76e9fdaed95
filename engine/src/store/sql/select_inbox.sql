-- By shard and id, so that the index gives the order and a sweep can go on where it stopped.
select tenant_id, id, shard, instance_id, body, actor, received_at
from inbox
where (shard, id) > ($1, $2)
order by shard, id
limit $3
