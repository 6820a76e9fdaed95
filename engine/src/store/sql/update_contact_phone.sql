update contact
set phone = $3
where tenant_id = $1 and id = $2
