select name, last_error, greatest(extract(epoch from now() - due_at), 0)::float8 as late_s
from chore
order by name
