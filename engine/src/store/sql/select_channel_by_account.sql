-- No tenant: an account of a provider belongs to one channel of one tenant, and is what a webhook names.
select tenant_id, id, kind, name, external_id, settings, secrets, key_id, created_at
from channel
where kind = $1 and external_id = $2
