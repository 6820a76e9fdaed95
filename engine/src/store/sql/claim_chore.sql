-- Both halves ask: the inner one finds a row, the outer one holds when another process was quicker with it.
update chore
set owner = $2, lease_until = now() + make_interval(secs => $3), fence = fence + 1
where
    name = (
        select name
        from chore
        where name = any($1) and due_at <= now() and (lease_until is null or lease_until < now())
        order by due_at
        limit 1
    )
    and due_at <= now()
    and (lease_until is null or lease_until < now())
returning name, fence
