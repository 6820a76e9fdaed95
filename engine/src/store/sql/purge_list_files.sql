select distinct archive.id, archive.file
from archived
join archive on archive.tenant_id = archived.tenant_id and archive.id = archived.archive_id
where
    archived.tenant_id = $1
    and (archived.conversation_id = any($2) or archived.instance_id = any($3))
    and archive.status <> 'replaced'
order by archive.file
