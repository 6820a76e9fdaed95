-- Of the first 10,000 incidents only: an answer in bounded time, for a list that people read. An account whose credential is
-- refused is one of them, whatever the number of instances that wait for it.
select fingerprint, code, message, definition, version_first, version_last, state, step, instances, since, latest, examples
from (
    select
        fingerprint, min(code) as code, min(message) as message, min(definition) as definition,
        min(version) as version_first, max(version) as version_last, min(state) as state, min(step) as step,
        count(*) as instances, min(since) as since, max(since) as latest,
        (array_agg(instance_id order by since desc))[1:10] as examples
    from (
        select fingerprint, code, message, definition, version, state, step, since, instance_id
        from incident
        where tenant_id = $1 and fingerprint > $2
        order by fingerprint, since
        limit 10000
    ) as open
    group by fingerprint
    union all
    select
        subject, code, message, '' as definition, 0 as version_first, 0 as version_last, null as state, null as step,
        0 as instances, since, since as latest, '{}' as examples
    from health
    where tenant_id = $1 and subject > $2 and state ->> 'is' = 'parked'
    ) as cause
order by fingerprint
limit $3
