-- The lock's transaction waits while migrations run on another connection, as long as they take.
select
    set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true),
    pg_advisory_xact_lock(hashtextextended('perdure.migrations', 0))
