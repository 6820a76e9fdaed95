select distinct on (name) name, digest
from definition
where tenant_id = $1 and status = 'published'
order by name, published_at desc, version desc
