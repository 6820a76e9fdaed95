update health
set state = $4, version = version + 1, code = $5, message = $6
where tenant_id = $1 and subject = $2 and version = $3
