-- One process at a time makes or drops months; the lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('perdure.history.months', 0))
