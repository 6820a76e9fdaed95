select exists (
    select 1
    from pg_inherits
    where inhparent = 'history'::regclass and inhrelid = to_regclass($1)
)
