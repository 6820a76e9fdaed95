update step
set status = $6, attempt = $7, fence = step.fence + 1, due = $8, tries = $9
where tenant_id = $1 and instance_id = $2 and seq = $3 and index = $4 and fence = $5 and status <> 'parked'
returning fence
