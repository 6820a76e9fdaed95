delete from dedupe
where (tenant_id, scope, key) in (
    select tenant_id, scope, key
    from dedupe
    where expires_at < $1
    order by expires_at
    limit $2
)
