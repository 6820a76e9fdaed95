select
    instance.tenant_id, instance.id, instance.shard, instance.seq, instance.status, instance.updated_at,
    instance.configuration, instance.memo, instance.definition, instance.version, instance.digest, instance.key,
    instance.conversation_id, instance.parent_id, instance.parent_invoke, instance.parent_step, instance.created_at,
    instance.context, instance.origin
from unnest($1::uuid[], $2::uuid[]) as wanted (tenant_id, id)
join instance on instance.tenant_id = wanted.tenant_id and instance.id = wanted.id
