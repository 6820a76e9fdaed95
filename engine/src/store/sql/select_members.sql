-- Who shares the shards, in one order for all, and when the first lease or presence of somebody else ends.
select
    process.id, process.seen_until > now() as is_live, process.has_session,
    extract(epoch from process.seen_until - now())::float8 as ends_in_s
from process
where process.role <> 'api'
order by process.id
