-- The default partition is empty unless something went wrong, and then a part of it tells enough for one round.
select distinct date_trunc('month', at at time zone 'UTC') at time zone 'UTC' as month
from (
    select at
    from history_default
    limit 100000
) as stray
