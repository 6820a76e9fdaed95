delete from calendar where tenant_id = $1 and name = $2
