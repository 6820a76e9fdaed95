-- Where the newest instances of a workflow are that are not over. Bounded: an old workflow has millions that are.
select configuration, count(*) as instances
from (
    select configuration, live
    from instance
    where tenant_id = $1 and definition = $2
    order by id desc
    limit $3
) as newest
where live
group by configuration
