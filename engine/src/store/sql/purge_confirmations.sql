-- What providers told about steps of these instances.
delete from dedupe
where tenant_id = $1 and scope = 'confirmation' and key = any($2)
