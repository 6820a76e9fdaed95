-- For the rest of the transaction: a person waits for the answer, and nobody holds a snapshot for long.
select set_config('statement_timeout', '3s', true)
