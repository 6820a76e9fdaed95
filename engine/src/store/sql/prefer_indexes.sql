-- For the connection of an owner. Its statements reach rows by their keys; a plan that was made while a table was small, and is kept,
-- would read the whole table for each batch until the next analyze. And one plan serves all batches: made anew for each, it would cost
-- more than the batch.
select
    set_config('plan_cache_mode', 'force_generic_plan', false) as plans,
    set_config('enable_seqscan', 'off', false) as seqscan, set_config('enable_hashjoin', 'off', false) as hashjoin,
    set_config('enable_mergejoin', 'off', false) as mergejoin
