-- The next number is taken here; two uploads at once meet on the primary key, and the loser tries again.
insert into definition (
    tenant_id, name, version, digest, title, status, source, diagnostics, created_at, published_at,
    retention_ms
)
select
    $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, $8,
    -- Later than every other version of the name, whatever the clocks of the processes say.
    case when $5 = 'published' then greatest($8, max(published_at) + interval '1 microsecond') end,
    $9
from definition
where tenant_id = $1 and name = $2
on conflict (tenant_id, name, digest) do nothing
returning version
