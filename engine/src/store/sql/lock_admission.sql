-- Decisions about one concurrency key are made one after the other. Ends with the transaction.
select pg_advisory_xact_lock(hashtextextended($1::uuid::text || ' ' || $2::text || ' ' || $3::text, 0))
