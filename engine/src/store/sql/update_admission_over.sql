-- It has given its place away; its row goes when it is over.
update admission
set status = 'over'
where tenant_id = $1 and definition = $2 and key = $3 and instance_id = $4
