-- What a file holds and the tables still have, as it is in the file.
select archived.instance_id, archived.last_seq
from archived
join instance
    on instance.tenant_id = archived.tenant_id
    and instance.id = archived.instance_id
    and instance.seq = archived.last_seq
    and not instance.live
where
    archived.tenant_id = $1
    and archived.archive_id = $2
    and archived.instance_id > $3
    and archived.is_over
    and (archived.restored_until is null or archived.restored_until <= $4)
order by archived.instance_id
limit $5
