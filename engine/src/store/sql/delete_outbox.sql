delete from outbox
using unnest($1::uuid[], $2::uuid[]) as done (tenant_id, id)
where outbox.tenant_id = done.tenant_id and outbox.id = done.id
