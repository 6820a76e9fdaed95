select name, version, digest, title, status, created_at, published_at
from definition
where tenant_id = $1 and name = $2 and version < $3
order by version desc
limit $4
