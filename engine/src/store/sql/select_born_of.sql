-- Whether this event was the first turn of the instance.
select exists (
    select 1
    from history
    where tenant_id = $1 and instance_id = $2 and seq = 1 and event_id = $3
) as is_born_of
