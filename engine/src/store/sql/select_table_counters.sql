-- The statistics collector's own counts, of the partitions too: exact enough to watch, and no table is read.
select
    coalesce(sum(n_tup_ins) filter (where relname like 'history%'), 0)::bigint as turns,
    coalesce(sum(n_tup_ins) filter (where relname = 'inbox'), 0)::bigint as inbox_events,
    coalesce(sum(n_tup_ins) filter (where relname = 'step'), 0)::bigint as steps,
    coalesce(sum(n_live_tup) filter (where relname = 'step'), 0)::bigint as open_steps,
    coalesce(sum(n_live_tup) filter (where relname = 'timer'), 0)::bigint as open_timers,
    coalesce(sum(n_live_tup) filter (where relname = 'inbox'), 0)::bigint as inbox_waiting,
    coalesce(sum(n_live_tup) filter (where relname = 'incident'), 0)::bigint as incidents
from pg_stat_user_tables
where schemaname = current_schema()
