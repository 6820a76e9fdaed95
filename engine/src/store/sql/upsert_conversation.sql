-- The update takes the row's lock, so that a conversation's messages are decided one after the other.
insert into conversation (tenant_id, id, channel_id, contact_id, shard, last_inbound_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, channel_id, contact_id) do update
set last_inbound_at = greatest(conversation.last_inbound_at, excluded.last_inbound_at)
returning id, channel_id, contact_id, mode, foreground_id, suspended, last_inbound_at, created_at
