select tenant_id, id, kind, name, external_id, settings, secrets, key_id, created_at
from channel
where tenant_id = $1
order by name, id
