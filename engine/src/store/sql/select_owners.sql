-- Database time decides whether a lease still runs.
select
    owner as owner, max(lease_until) > now() as runs,
    extract(epoch from max(lease_until) - now())::float8 as ends_in_s
from shard
where owner is not null
group by owner
