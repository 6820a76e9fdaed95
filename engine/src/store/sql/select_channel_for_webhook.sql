-- No tenant: a webhook carries none. The id is what tells whose it is.
select tenant_id, id, kind, name, external_id, settings, secrets, key_id, created_at
from channel
where id = $1
