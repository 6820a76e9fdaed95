-- An owner reads nothing and looks for rows by their keys alone, with plans that are made once and not for the rows of each batch. The
-- outbox has a handful of rows and thousands of dead ones between two vacuums: planned while it was small, it would be read from end
-- to end for every turn.
--
-- What is left of that is a join that goes through a whole index and looks for each entry among the arguments. Postgres takes it for
-- cheap when the table was empty at its last vacuum (7 instead of 0.1 ms a turn, at the end of a snapshot of two minutes). It considers
-- that only where it could merge by the index, and it never merges by `= any (array[x])`, which means the same as `= x`.
select
    set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
    set_config('enable_bitmapscan', 'off', false), set_config('enable_hashjoin', 'off', false),
    set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false)
