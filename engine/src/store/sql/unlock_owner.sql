select pg_advisory_unlock(hashtextextended($1::text, 0)) as was_held
