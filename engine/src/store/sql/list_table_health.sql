select
    relname::text as name, n_live_tup as live, n_dead_tup as dead, n_tup_upd as updates, n_tup_hot_upd as hot_updates,
    coalesce(extract(epoch from now() - greatest(last_autovacuum, last_vacuum)), -1)::float8 as vacuumed_s
from pg_stat_user_tables
where
    schemaname = current_schema()
    and relname in ('instance', 'inbox', 'step', 'timer', 'incident', 'dedupe', 'conversation', 'message', 'shard')
order by relname
