delete from archive
where tenant_id = $1 and id = $2 and status = 'replaced'
