-- By key and by nothing else: see `prefer_keys.sql`.
delete from inbox
using unnest($1::uuid[], $2::bigint[]) as consumed (tenant_id, id)
where inbox.tenant_id = any(array[consumed.tenant_id]) and inbox.id = consumed.id
returning inbox.id
