select id, tenant_id, file, status, instances, turns, bytes, sha256, first_at, last_at, made_at
from archive
where tenant_id = $1 and ($2::uuid is null or id < $2)
order by id desc
limit $3
