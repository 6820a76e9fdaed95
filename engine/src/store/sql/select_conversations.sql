select id, channel_id, contact_id, mode, foreground_id, suspended, last_inbound_at, created_at
from conversation
where tenant_id = $1 and id > $2
order by id
limit $3
