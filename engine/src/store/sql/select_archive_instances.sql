select id, definition, conversation_id, seq, to_jsonb(instance)::text as row
from instance
where tenant_id = $1 and id = any($2) and not live
order by id
