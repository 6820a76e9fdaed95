-- The rows of processes that are gone, or those named.
select tenant_id, id, steps
from outbox
where
    id = any($1)
    or not exists (select 1 from process where process.id = outbox.process_id and process.seen_until > now())
for update
