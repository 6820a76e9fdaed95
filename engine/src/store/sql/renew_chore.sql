update chore
set lease_until = now() + make_interval(secs => $3)
where name = $1 and fence = $2 and lease_until > now()
