-- The last resort: what the engine itself does takes milliseconds. A turn's transaction that hangs must let its locks go.
select
    set_config('idle_in_transaction_session_timeout', '60s', false), set_config('statement_timeout', '300s', false)
