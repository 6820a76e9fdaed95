select name, version, digest, status, source, created_at
from definition
where tenant_id = $1 and name = $2 and status = 'published'
order by published_at desc, version desc
limit 1
