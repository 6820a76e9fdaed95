-- What a purge would change, of what it finds by key.
select
    (select count(*) from conversation where tenant_id = $1 and contact_id = $2) as conversations,
    (select count(*) from identity where tenant_id = $1 and contact_id = $2) as identities,
    (select count(*) from consent where tenant_id = $1 and contact_id = $2) as consents,
    (select count(*) from message where tenant_id = $1 and conversation_id = any($3)) as messages,
    (select count(*) from history where tenant_id = $1 and instance_id = any($4)) as turns,
    (select count(*) from checkpoint where tenant_id = $1 and instance_id = any($4)) as checkpoints
