-- An owner reads nothing and looks for rows by their keys alone, with plans that are made once. The outbox has a handful of rows and
-- thousands of dead ones between two vacuums: planned while it was small, it would be read from end to end for every turn.
select set_config('enable_seqscan', 'off', false)
