-- By key and by nothing else: see `prefer_keys.sql`.
delete from outbox
using unnest($1::uuid[], $2::uuid[]) as done (tenant_id, id)
where outbox.tenant_id = any(array[done.tenant_id]) and outbox.id = done.id
