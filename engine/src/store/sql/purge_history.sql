-- The turn stays, with its place in the chain and the digest of the state it left. What it was told and what it asked for go.
update history
set
    event = jsonb_build_object('type', event -> 'type', 'purged', true),
    context_patch = case when context_patch is not null then '{"purged": true}'::jsonb end,
    commands = coalesce(
        (
            select jsonb_agg(
                jsonb_strip_nulls(
                    jsonb_build_object(
                        'type', command -> 'type', 'id', command -> 'id', 'invoke', command -> 'invoke',
                        'kind', command -> 'kind', 'workflow', command -> 'workflow', 'purged', true
                    )
                )
                order by place
            )
            from jsonb_array_elements(commands) with ordinality as asked (command, place)
        ),
        '[]'
    )
where tenant_id = $1 and instance_id = $2 and seq > $3 and seq <= $4 and not (event ? 'purged')
