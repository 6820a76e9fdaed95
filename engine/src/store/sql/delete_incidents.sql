delete from incident
using unnest($1::uuid[], $2::uuid[]) as solved (tenant_id, instance_id)
where incident.tenant_id = solved.tenant_id and incident.instance_id = solved.instance_id
