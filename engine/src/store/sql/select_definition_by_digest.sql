select name, version, digest, status, source, created_at
from definition
where tenant_id = $1 and digest = $2
order by version
limit 1
