-- The first place that is free, or whose time is over; nothing if all are held, or if somebody else was faster.
insert into slot as held (tenant_id, subject, n, holder, held_until)
select $1, $2, place.n, $4, $6
from generate_series(1, $3) as place (n)
left join slot on slot.tenant_id = $1 and slot.subject = $2 and slot.n = place.n
where slot.held_until is null or slot.held_until < $5
order by place.n
limit 1
on conflict (tenant_id, subject, n) do update
set holder = excluded.holder, held_until = excluded.held_until
where held.held_until < $5
returning n
