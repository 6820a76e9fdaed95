-- Which of these events have had their turn: asked after a commit whose answer was lost.
select history.event_id
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as asked (tenant_id, instance_id, event_id)
join history
    on history.tenant_id = asked.tenant_id
    and history.instance_id = asked.instance_id
    and history.event_id = asked.event_id
