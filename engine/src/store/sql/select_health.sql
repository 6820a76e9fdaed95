-- What tells early that a database grows old badly. Statistics and catalogues only; the two live tables that are looked at are
-- empty or small when all is well, and are not read further than that takes.
select
    coalesce(
        (
            select extract(epoch from now() - min(xact_start))
            from pg_stat_activity
            where backend_xmin is not null and pid <> pg_backend_pid()
        ), 0
    )::float8 as snapshot_s,
    coalesce((select extract(epoch from now() - min(prepared)) from pg_prepared_xacts), 0)::float8 as prepared_s,
    coalesce((select max(greatest(age(xmin), age(catalog_xmin))) from pg_replication_slots), 0)::bigint as slot_xids,
    coalesce(
        (
            select max(
                case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end
            )
            from pg_replication_slots
        ), 0
    )::bigint as slot_wal_bytes,
    (select age(datfrozenxid)::bigint from pg_database where datname = current_database()) as frozen_xids,
    (select mxid_age(datminmxid)::bigint from pg_database where datname = current_database()) as frozen_multixacts,
    coalesce((select wal_bytes::bigint from pg_stat_wal), 0) as wal_bytes,
    (select count(*) from (select 1 from history_default limit 10000) as stray) as stray_turns,
    (select count(*) from (select 1 from archive where status <> 'settled' limit 10000) as open) as open_archives
