select archived.archive_id, archive.file, archived.first_seq, archived.last_seq, archived.is_over, archived.restored_until
from archived
join archive on archive.tenant_id = archived.tenant_id and archive.id = archived.archive_id
where archived.tenant_id = $1 and archived.instance_id = $2
order by archived.first_seq, archived.archive_id
