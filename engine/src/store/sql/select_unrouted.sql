-- A channel's messages are routed by whoever owns the shard of its last byte, so that their order rests on one process.
-- Null: all shards.
select tenant_id, id, channel_id, direction, coalesce(provider_id, '') as provider_id, body, at, received_at
from message
where
    routed_at is null
    and id > $1
    and ($3::smallint[] is null or get_byte(uuid_send(channel_id), 15) = any($3))
order by id
limit $2
