-- How it stands with an instance that something is to be sent to. The start of a child may still be in the inbox; a child runs
-- in its parent's conversation, which decides the shard.
select case when instance.live then 'live' else 'over' end as stands, instance.conversation_id
from instance
where instance.tenant_id = $1 and instance.id = $2
union all
select 'unborn', null
from inbox
where inbox.tenant_id = $1 and inbox.shard = $3 and inbox.instance_id = $2 and inbox.body ->> 'type' = 'started'
