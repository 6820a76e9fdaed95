select distinct on (name) name, version, digest, title, status, created_at, published_at
from definition
where tenant_id = $1 and name > $2
-- The current version; without one, the newest draft.
order by name, status = 'published' desc, published_at desc nulls last, version desc
limit $3
