select distinct on (name) name, version, digest, title, status, created_at
from definition
where tenant_id = $1 and name > $2
order by name, version desc
limit $3
