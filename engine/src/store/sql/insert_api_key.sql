insert into api_key (tenant_id, id, name, prefix, hash, role)
values ($1, $2, $3, $4, $5, $6)
