update archive
set status = $3
where tenant_id = $1 and id = $2 and status <> $3
