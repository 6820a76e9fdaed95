-- What the open steps of an instance wait for, beside their own time: the health of their account, and its rate and those of
-- their definition.
with open as (
    select
        step.seq, step.index, step.policy,
        case when channel.id is null then 'connection/' || account.name else 'channel/' || channel.id end as subject,
        case
            when channel.id is null then 'the connection `' || account.name || '`'
            else 'the channel `' || channel.name || '`'
        end as title
    from step
    left join unnest($3::text[], $4::text[]) as needs (kind, provider) on needs.kind = step.kind
    left join conversation
        on needs.provider = 'channel' and conversation.tenant_id = $1 and conversation.id = step.conversation_id
    left join channel on channel.tenant_id = $1 and channel.id = conversation.channel_id
    left join lateral (
        -- By its name, or the only one at the provider.
        select min(connection.name) as name
        from connection
        where
            connection.tenant_id = $1
            and needs.provider is distinct from 'channel'
            and (
                connection.name = step.lane
                or (step.lane = '' and connection.provider = needs.provider)
            )
    ) as account on true
    where step.tenant_id = $1 and step.instance_id = $2 and step.status in ('ready', 'waiting')
    order by step.seq, step.index
    limit 1000
)
select open.seq, open.index, open.title, null as pace, health.state, health.message, null::timestamptz as until
from open
inner join health on health.tenant_id = $1 and health.subject = open.subject
union all
select open.seq, open.index, open.title, key.pace, null, null, rate.until
from open
cross join lateral (
    select open.subject as name, null as pace
    union all
    select pace ->> 'key', pace ->> 'key'
    from jsonb_array_elements(coalesce(open.policy -> 'paces', '[]')) as pace
) as key
cross join lateral (
    select greatest(
        pacing.closed_until, pacing.next_at - (pacing.burst - 1) * pacing.period_us * interval '1 microsecond'
    ) as until
    from pacing
    where pacing.tenant_id = $1 and pacing.key = key.name
) as rate
where rate.until > now()
