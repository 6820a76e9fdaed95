-- Of these tenants, those that have timers with another basis; those of a newer tz database are not ours to judge.
select asked.tenant_id
from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as asked (tenant_id, basis, newer)
where
    exists (select 1 from timer where timer.tenant_id = asked.tenant_id and timer.basis < asked.basis)
    or exists (
        select 1
        from timer
        where timer.tenant_id = asked.tenant_id and timer.basis > asked.basis and timer.basis < asked.newer
    )
