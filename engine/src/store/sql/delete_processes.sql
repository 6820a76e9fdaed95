-- Long gone. What they left in the outbox is found without them: there is nobody of their name.
delete from process
where seen_until < now() - interval '1 day' and not exists (select 1 from shard where shard.owner = process.id)
