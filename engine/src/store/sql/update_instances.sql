update instance
set
    seq = turned.seq,
    status = turned.status,
    live = turned.live,
    live_key = case when turned.live then instance.live_key end,
    updated_at = turned.updated_at,
    configuration = coalesce(turned.configuration, ($2::jsonb[])[turned.configuration_shared]),
    memo = coalesce(turned.memo, ($2::jsonb[])[turned.memo_shared]),
    -- Null: not changed.
    version = coalesce(turned.version, instance.version),
    digest = coalesce(turned.digest, instance.digest),
    -- The row's tail then stays as it is, and is not logged.
    context = coalesce(turned.context, ($2::jsonb[])[turned.context_shared], instance.context),
    origin = coalesce(turned.origin, instance.origin)
from unnest($1::change_record_2[]) as turned
-- The compare-and-set that makes a wrong owner harmless.
where instance.tenant_id = turned.tenant_id and instance.id = turned.id and instance.seq = turned.expected
returning instance.tenant_id, instance.id
