-- Of each name the version published last decides; the server decides for those that do not say.
select tenant_id, name, retention_ms
from (
    select distinct on (tenant_id, name)
        tenant_id, name, coalesce(retention_ms, $3) as retention_ms
    from definition
    where (tenant_id, name) > ($1, $2) and published_at is not null
    order by tenant_id, name, published_at desc
    limit $4
) as kept
order by tenant_id, name
