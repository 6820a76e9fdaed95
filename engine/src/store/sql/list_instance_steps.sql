-- What a parked step got stuck on stands in history, and is told as its last try. A step that has no row is ready, or being tried
-- for the first time; its key is not stored.
with asked as (
    select
        step.seq, step.index, step.invoke, step.kind, step.status,
        coalesce((settled.event ->> 'attempts')::int, step.attempt) as attempt, step.due, step.key,
        case
            when settled.event is null then step.tries
            else step.tries || jsonb_build_array(jsonb_build_object(
                'at', to_char(settled.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'outcome', substr(settled.event ->> 'type', 6),
                'code', coalesce(settled.event #>> '{error,code}', ''),
                'message', coalesce(settled.event #>> '{error,message}', '')
            ))
        end as tries
    from step
    left join lateral (
        select at, event
        from history
        where
            step.status = 'parked'
            and history.tenant_id = step.tenant_id
            and history.instance_id = step.instance_id
            and history.event ->> 'type' in ('step.failed', 'step.unknown')
            and history.event ->> 'step' = step.seq || '.' || step.index
        order by history.seq desc
        limit 1
    ) as settled on true
    where step.tenant_id = $1 and step.instance_id = $2
    union all
    select
        split_part(open.value ->> 'id', '.', 1)::bigint, split_part(open.value ->> 'id', '.', 2)::int, open.key,
        open.value ->> 'kind', 'ready', 0, instance.updated_at, '', '[]'::jsonb
    from instance
    cross join lateral jsonb_each(instance.memo -> 'steps') as open
    where
        instance.tenant_id = $1
        and instance.id = $2
        and open.value ->> 'kind' not like 'workflow:%'
        and not exists (
            select 1
            from step
            where
                step.tenant_id = $1
                and step.instance_id = $2
                and open.value ->> 'id' = step.seq || '.' || step.index
        )
)
select seq, index, invoke, kind, status, attempt, due, key, tries
from asked
order by seq, index
limit $3
