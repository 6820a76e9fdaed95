-- Long gone, and with nothing left that bears their name.
delete from process
where
    seen_until < now() - interval '1 day'
    and not exists (select 1 from outbox where outbox.process_id = process.id)
    and not exists (select 1 from shard where shard.owner = process.id)
