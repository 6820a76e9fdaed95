update dedupe
set response = $5, expires_at = $6
where tenant_id = $1 and scope = $2 and key = $3 and response ->> 'claim' = $4
