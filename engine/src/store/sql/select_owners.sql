-- Database time decides whether a lease still runs.
select owner as owner, max(lease_until) > now() as runs
from shard
where owner is not null
group by owner
