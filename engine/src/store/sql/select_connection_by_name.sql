select tenant_id, id, name, provider, base_url, settings, secrets, key_id, created_at
from connection
where tenant_id = $1 and name = $2
