-- The first row always comes, the others while the answer stays below $5 bytes.
select
    seq, at, event_id, event, verdict, from_, to_, context_patch, commands, definition_digest, actor, status,
    state_digest, semantics
from (
    select
        page.*,
        sum(octet_length(event::text) + octet_length(commands::text) + coalesce(octet_length(context_patch::text), 0))
            over (order by seq) as bytes,
        row_number() over (order by seq) as place
    from (
        select
            history.seq, history.at, history.event_id, history.event, history.verdict, history.from_, history.to_,
            history.context_patch, history.commands, history.actor, history.status, history.state_digest,
            history.semantics, coalesce(nullif(history.definition_digest, ''), definition.digest, '') as definition_digest
        from history
        left join instance on instance.tenant_id = $1 and instance.id = $2
        left join definition
            on definition.tenant_id = $1
            and definition.name = instance.definition
            and definition.version = history.version
        where history.tenant_id = $1 and history.instance_id = $2 and history.seq > $3
        order by history.seq
        limit $4
    ) as page
) as measured
where place = 1 or bytes < $5
order by seq
