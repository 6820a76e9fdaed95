-- What became of an ops verb that was sent when the instance had $3 turns.
select verdict
from history
where tenant_id = $1 and instance_id = $2 and seq > $3 and event ->> 'type' = $4 and actor = $5
order by seq
limit 1
