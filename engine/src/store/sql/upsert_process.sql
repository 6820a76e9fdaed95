insert into process (id, name, version, role, has_session, seen_until)
values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
on conflict (id) do update
set seen_until = excluded.seen_until
