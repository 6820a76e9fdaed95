select exists (select from inbox where tenant_id = $1 and id = $2) as found
