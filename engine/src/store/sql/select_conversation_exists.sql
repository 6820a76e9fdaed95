select exists (select from conversation where tenant_id = $1 and id = $2) as found
