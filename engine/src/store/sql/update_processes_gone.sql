update process
set seen_until = now()
where id = any($1) and seen_until > now()
