-- Which of these events wait in the inbox, and in which row: asked after a commit whose answer was lost.
select inbox.event_id, inbox.id
from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[]) as asked (tenant_id, shard, instance_id, event_id)
join inbox
    on inbox.tenant_id = asked.tenant_id
    and inbox.shard = asked.shard
    and inbox.instance_id = asked.instance_id
    and inbox.event_id = asked.event_id
