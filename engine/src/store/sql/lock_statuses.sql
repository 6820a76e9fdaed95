-- Those that nobody has routed, in their order.
select message.id
from unnest($1::uuid[], $2::bigint[]) as told (tenant_id, id)
join message on message.tenant_id = told.tenant_id and message.id = told.id
where message.routed_at is null
order by message.id
for update of message
