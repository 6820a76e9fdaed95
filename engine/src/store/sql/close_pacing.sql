-- The provider asked for silence: nobody gets a token until then.
insert into pacing (tenant_id, key, next_at, granted, period_us, burst, closed_until, kept_until)
values ($1, $2, $3, 0, $4, $5, $6, date_trunc('day', $6::timestamptz) + interval '2 days')
on conflict (tenant_id, key) do update
set
    closed_until = greatest(pacing.closed_until, excluded.closed_until),
    kept_until = greatest(pacing.kept_until, excluded.kept_until)
