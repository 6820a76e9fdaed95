-- Held by the session of a living owner; free as soon as its connection is gone.
select pg_try_advisory_lock(hashtextextended($1::text, 0)) as taken
