select status, exists (
    select 1
    from admission as other
    where other.tenant_id = $1 and other.definition = $2 and other.key = $3 and other.status = 'queued'
) as has_queue
from (select 1) as one
left join admission
    on admission.tenant_id = $1 and admission.definition = $2 and admission.key = $3 and admission.instance_id = $4
