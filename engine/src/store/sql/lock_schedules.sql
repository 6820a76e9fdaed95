-- One leader works at a time, which only saves work: ticks are safe without it. Freed by the end of the transaction.
select pg_try_advisory_xact_lock(7305002416091)
