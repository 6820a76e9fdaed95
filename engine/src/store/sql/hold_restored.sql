update archived
set restored_until = $3
where tenant_id = $1 and instance_id = $2
