-- All but the last ones. Those that are queued are kept, however old.
delete from schedule_tick
where
    tenant_id = $1 and schedule_id = $2 and outcome <> 'queued'
    and tick < (
        select tick from schedule_tick
        where tenant_id = $1 and schedule_id = $2
        order by tick desc
        offset $3 limit 1
    )
