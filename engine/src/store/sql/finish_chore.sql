update chore
set owner = null, lease_until = null, due_at = now() + make_interval(secs => $3), last_run = now(), last_error = $4
where name = $1 and fence = $2
