-- For the connection of an owner. Its statements reach rows by their keys; a plan that was made while a table was small, and is kept,
-- would read the whole table for each batch until the next analyze.
select
    set_config('enable_seqscan', 'off', false) as seqscan, set_config('enable_hashjoin', 'off', false) as hashjoin,
    set_config('enable_mergejoin', 'off', false) as mergejoin
