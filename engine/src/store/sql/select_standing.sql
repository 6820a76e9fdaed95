-- Whether turns can be written here: asked of every new connection.
select pg_is_in_recovery() as is_standby, current_setting('transaction_read_only')::boolean as is_read_only
