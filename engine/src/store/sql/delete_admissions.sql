delete from admission
where tenant_id = $1 and definition = $2 and key = $3 and instance_id = any($4)
