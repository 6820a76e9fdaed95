-- What a batch takes a row for, with JSON that repeats sent once for the whole batch: parsing JSON was a third of Postgres' part of a
-- turn, and the turns of a batch have most of it in common (the states they come from and go to, the steps they open).
--
-- Each `jsonb` field has another, `…_shared`, behind it: if that one is set, the value is the element with this number (from 1) of
-- an array that the statement takes beside the rows. In neither: null.
--
-- The types of `0007_records.sql` stay as long as releases run that send them.

create type turn_record_2 as (
    tenant_id uuid,
    instance_id uuid,
    seq bigint,
    at timestamptz,
    event_id uuid,
    event jsonb,
    event_shared smallint,
    verdict text,
    from_ jsonb,
    from_shared smallint,
    to_ jsonb,
    to_shared smallint,
    context_patch jsonb,
    commands jsonb,
    commands_shared smallint,
    version int,
    semantics smallint,
    actor text,
    status text,
    state_digest bytea
);
comment on type turn_record_2 is 'A turn, as a batch writes it to history.';

create type birth_record_2 as (
    tenant_id uuid,
    id uuid,
    shard smallint,
    seq bigint,
    status text,
    live boolean,
    updated_at timestamptz,
    configuration jsonb,
    configuration_shared smallint,
    memo jsonb,
    memo_shared smallint,
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
    context_shared smallint,
    origin jsonb
);
comment on type birth_record_2 is 'An instance that is started, as a batch writes it.';

create type change_record_2 as (
    tenant_id uuid,
    id uuid,
    expected bigint,
    seq bigint,
    status text,
    live boolean,
    updated_at timestamptz,
    configuration jsonb,
    configuration_shared smallint,
    memo jsonb,
    memo_shared smallint,
    -- Null: not changed.
    version int,
    digest text,
    context jsonb,
    context_shared smallint,
    origin jsonb
);
comment on type change_record_2 is 'What the turns of a batch made of an instance, and the turn they began from.';
