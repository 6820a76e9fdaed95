delete from slot
where tenant_id = $1 and subject = $2 and n = $3 and holder = $4
