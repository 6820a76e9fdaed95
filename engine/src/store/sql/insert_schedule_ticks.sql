-- A tick that is there had its outcome: it was fired, or made up for, before.
insert into schedule_tick (tenant_id, schedule_id, tick, outcome, until, instance_id, actor, at)
select tenant_id, schedule_id, tick, outcome, until, instance_id, actor, $8
from
    unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::uuid[], $7::text[])
        as new (tenant_id, schedule_id, tick, outcome, until, instance_id, actor)
on conflict (tenant_id, schedule_id, tick) do nothing
returning tenant_id, schedule_id, tick
