-- Null: all of them.
update shard
set owner = null, lease_until = '-infinity'
where owner = $1 and ($2::smallint[] is null or id = any($2))
