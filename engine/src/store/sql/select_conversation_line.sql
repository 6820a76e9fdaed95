-- One statement sees one moment: an instance is in its table, or its first event is still in the inbox.
with recursive family as (
    select wanted.id as root_id, wanted.id, 0 as depth
    from (
        -- The limit takes nothing away. Postgres takes an unknown array for ten ids, and an unknown limit for a tenth of them: with
        -- one id expected, the plan that is kept is as good as a new one, whose making takes ten times as long as the look.
        select named.id
        from unnest($2::uuid[]) as named (id)
        limit $5
    ) as wanted
    union all
    select family.root_id, child.id, family.depth + 1
    from family
    join instance as child on child.tenant_id = $1 and child.parent_id = family.id
    where child.live and child.parent_invoke is not null and child.conversation_id = $4 and family.depth < 32
),
leaf as (
    select distinct on (root_id) root_id, id
    from family
    order by root_id, depth desc, id desc
),
waiting as (
    select family.root_id, bool_or(family.depth = 0 and inbox.body ->> 'type' = 'started') as is_start
    from family
    join inbox on inbox.tenant_id = $1 and inbox.shard = $3 and inbox.instance_id = family.id
    where inbox.actor = 'router'
    group by family.root_id
)
select
    leaf.root_id as id, instance.definition, coalesce(instance.live, waiting.is_start, false) as is_live,
    leaf.id as leaf_id, waiting.root_id is not null as is_busy
from leaf
left join waiting on waiting.root_id = leaf.root_id
-- By the key: without statistics, all instances of the tenant would be read.
left join lateral (
    select instance.definition, instance.live
    from instance
    where instance.tenant_id = $1 and instance.id = leaf.root_id
    limit 1
) as instance on true
