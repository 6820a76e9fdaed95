-- The rows of processes that are gone, or those named.
select tenant_id, id, steps
from outbox
where id = any($1) or process_id <> all($2)
for update
