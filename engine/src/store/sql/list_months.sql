-- The partitions of history, by name; those that were cut off and are to be dropped as well.
select relname::text as name, exists (select 1 from pg_inherits where inhrelid = pg_class.oid) as is_attached
from pg_class
where relnamespace = current_schema()::regnamespace and relkind = 'r' and relname like 'history\_%'
order by relname
