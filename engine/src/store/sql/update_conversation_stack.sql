update conversation
set foreground_id = $3, suspended = $4
where tenant_id = $1 and id = $2
