-- A block of tokens for one process: as many as there are, at most those wanted. The row's lock puts processes in line.
insert into pacing as held (tenant_id, key, next_at, granted, period_us, burst, kept_until)
values (
    $1, $2, $3::timestamptz + least($5::int, $6::int) * $4::bigint * interval '1 microsecond', least($5, $6), $4, $5,
    date_trunc('day', $3 + $5 * $4 * interval '1 microsecond') + interval '2 days'
)
on conflict (tenant_id, key) do update
set
    (next_at, granted, kept_until) = (
        select
            greatest(held.next_at, $3) + free.n * $4 * interval '1 microsecond',
            free.n,
            greatest(held.kept_until, excluded.kept_until)
        from (
            select
                case
                    when held.closed_until > $3 then 0
                    else greatest(0, least(
                        $6,
                        $5 - ceil(extract(epoch from greatest(held.next_at - $3, interval '0')) * 1000000 / $4)::bigint
                    ))::int
                end as n
        ) as free
    ),
    period_us = excluded.period_us,
    burst = excluded.burst
returning granted, next_at, closed_until
