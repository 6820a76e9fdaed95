select tenant_id, id, hash, role, scopes
from api_key
where hash = $1 and revoked_at is null
