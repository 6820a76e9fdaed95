-- At most $4 of those that are free, whose lease has ended, or whose owner is one of $3. In any order, so that two processes
-- that take at once do not wait for each other's; the outer condition is looked at again under the row's lock.
update shard
set owner = $1, fence = fence + 1, lease_until = now() + make_interval(secs => $2)
where
    id in (
        select id
        from shard
        where owner is null or lease_until <= now() or owner = any($3)
        order by random()
        limit $4
    )
    and (owner is null or lease_until <= now() or owner = any($3))
returning id
