-- Who holds the places of a key, oldest first, and how each stands: there, not there yet, or gone.
select
    admission.instance_id, admission.status, admission.admitted_at, instance.conversation_id,
    case
        when instance.live then 'live'
        when instance.id is null and admission.born_by > $4 then 'unborn'
        else 'gone'
    end as stands
from admission
left join instance on instance.tenant_id = $1 and instance.id = admission.instance_id
where
    admission.tenant_id = $1
    and admission.definition = $2
    and admission.key = $3
    and admission.status in ('held', 'over')
order by admission.admitted_at, admission.instance_id
limit 20000
