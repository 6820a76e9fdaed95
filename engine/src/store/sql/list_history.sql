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
            seq, at, event_id, event, verdict, from_, to_, context_patch, commands, definition_digest, actor,
            status, state_digest, semantics
        from history
        where tenant_id = $1 and instance_id = $2 and seq > $3
        order by seq
        limit $4
    ) as page
) as measured
where place = 1 or bytes < $5
order by seq
