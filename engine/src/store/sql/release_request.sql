delete from dedupe
where tenant_id = $1 and scope = $2 and key = $3 and response ->> 'claim' = $4 and not response ? 'status'
