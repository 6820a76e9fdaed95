-- Whether something of the role, the database or the server ends what hangs.
select
    current_setting('statement_timeout') <> '0'
    and current_setting('idle_in_transaction_session_timeout') <> '0' as is_limited
