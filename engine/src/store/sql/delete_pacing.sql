-- Housekeeping, a bounded bite at a time: rates nobody has used for a day, and slots that a crash left.
with unused as (
    delete from pacing
    where
        (tenant_id, key) in (
            select tenant_id, key
            from pacing
            where kept_until < $1
            order by kept_until
            limit $2
        )
        and kept_until < $1
)
delete from slot
where
    (tenant_id, subject, n) in (
        select tenant_id, subject, n
        from slot
        where held_until < $1 - interval '1 day'
        order by held_until
        limit $2
    )
    and held_until < $1
