update definition
set
    status = 'published',
    -- Later than every other version of the name, whatever the clocks of the processes say.
    published_at = greatest($4, (
        select max(published_at) + interval '1 microsecond'
        from definition
        where tenant_id = $1 and name = $2
    ))
where tenant_id = $1 and name = $2 and digest = $3
