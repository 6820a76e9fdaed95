select instance_id
from archived
where tenant_id = $1 and archive_id = $2 and (conversation_id = any($3) or instance_id = any($4))
