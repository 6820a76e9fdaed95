-- All that a leader at rest needs to know: when the next tick is, and whether some wait for an instance to end.
select
    (
        select next_fire from schedule where next_fire is not null order by next_fire limit 1
    ) as next_fire,
    exists(select 1 from schedule where queued > 0) as has_queued
