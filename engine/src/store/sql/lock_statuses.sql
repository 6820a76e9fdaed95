-- Those that nobody has routed, in their order; by key and by nothing else: see `prefer_keys.sql`.
select message.id
from unnest($1::uuid[], $2::bigint[]) as told (tenant_id, id)
join message on message.tenant_id = any(array[told.tenant_id]) and message.id = any(array[told.id])
-- Not routed; with `is null`, Postgres would also consider the index on what is not.
where coalesce(message.routed_at, 'infinity') = 'infinity'
order by told.id
for update of message
