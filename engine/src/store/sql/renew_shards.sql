update shard
set lease_until = now() + make_interval(secs => $2)
where owner = $1
returning id
