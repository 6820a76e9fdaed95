-- What the statement of a batch takes a row for: one array of records instead of an array per column. Postgres keeps what each array of
-- an `unnest` gives in a store of its own and copies every value twice; with sixteen of them that took a third of the time of a row of
-- history (8.7 us with arrays, 5.7 us with records, 500 rows).
--
-- A release that needs another column makes another type: one of before still sends these.

create type turn_record as (
    tenant_id uuid,
    instance_id uuid,
    seq bigint,
    at timestamptz,
    event_id uuid,
    event jsonb,
    verdict text,
    from_ jsonb,
    to_ jsonb,
    context_patch jsonb,
    commands jsonb,
    version int,
    semantics smallint,
    actor text,
    status text,
    state_digest bytea
);
comment on type turn_record is 'A turn, as a batch writes it to history.';

create type birth_record as (
    tenant_id uuid,
    id uuid,
    shard smallint,
    seq bigint,
    status text,
    live boolean,
    updated_at timestamptz,
    configuration jsonb,
    memo jsonb,
    definition text,
    version int,
    digest text,
    key text,
    conversation_id uuid,
    parent_id uuid,
    parent_invoke text,
    parent_step text,
    created_at timestamptz,
    context jsonb,
    origin jsonb
);
comment on type birth_record is 'An instance that is started, as a batch writes it.';

create type change_record as (
    tenant_id uuid,
    id uuid,
    expected bigint,
    seq bigint,
    status text,
    live boolean,
    updated_at timestamptz,
    configuration jsonb,
    memo jsonb,
    -- Null: not changed.
    version int,
    digest text,
    context jsonb,
    origin jsonb
);
comment on type change_record is 'What the turns of a batch made of an instance, and the turn they began from.';
