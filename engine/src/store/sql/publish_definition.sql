update definition
set status = 'published'
where tenant_id = $1 and name = $2 and digest = $3 and status = 'draft'
