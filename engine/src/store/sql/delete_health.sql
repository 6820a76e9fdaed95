delete from health
where tenant_id = $1 and subject = $2 and ($3::bigint is null or version = $3)
