update shard
set owner = $1, fence = fence + 1, lease_until = now() + make_interval(secs => $2)
where owner is null or lease_until <= now() or owner = any($3)
returning id
