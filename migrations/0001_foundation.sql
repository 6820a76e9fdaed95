-- The first schema: tenants, definitions, instances and their work, conversations and messages.

-- Who may do what, and what they did.

create table tenant (
    tenant_id uuid primary key,
    name text not null,
    locale text not null default 'en',
    time_zone text not null default 'UTC',
    settings jsonb not null default '{}',
    created_at timestamptz not null default now()
);
comment on table tenant is 'One customer of ours; everything else belongs to exactly one.';

create table member (
    tenant_id uuid not null,
    id uuid not null,
    email text not null,
    name text not null,
    role text not null check (role in ('owner', 'admin', 'operator', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, email)
);
comment on table member is 'People of a tenant.';

create table api_key (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    -- The first characters, so that people can tell keys apart.
    prefix text not null,
    -- SHA-256 of the key; the key itself is shown once and stored nowhere.
    hash bytea not null unique,
    role text not null check (role in ('owner', 'admin', 'operator', 'viewer')),
    scopes text[] not null default '{}',
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    primary key (tenant_id, id)
);
comment on table api_key is 'Credentials of programs, hashed.';

create table audit (
    tenant_id uuid not null,
    id uuid not null,
    at timestamptz not null default now(),
    actor text not null,
    verb text not null,
    target text not null,
    reason text,
    detail jsonb not null default '{}',
    primary key (tenant_id, id)
);
comment on table audit is 'What people and programs did; append only.';

-- Definitions and instances.

create table definition (
    tenant_id uuid not null,
    name text not null,
    version int not null,
    digest text not null,
    title text not null,
    status text not null check (status in ('draft', 'published', 'retired')),
    -- Text, not jsonb: the digest is made of these bytes.
    source text not null,
    diagnostics jsonb not null default '[]',
    created_at timestamptz not null default now(),
    -- When it was last published. Of the published versions of a name, the one published last is the current one.
    published_at timestamptz,
    primary key (tenant_id, name, version),
    unique (tenant_id, name, digest),
    check (status <> 'published' or published_at is not null)
);
create index definition_digest on definition (tenant_id, digest);
comment on table definition is 'Uploaded workflows. Content never changes; status does.';

-- Small changing columns first, the context last: an update that leaves the context alone then logs only the front of the row.
-- No index covers what changes each turn, so every turn is a heap-only update.
create table instance (
    tenant_id uuid not null,
    id uuid not null,
    shard smallint not null,
    seq bigint not null,
    status text not null check (status in
        ('running', 'waiting', 'stuck', 'suspended', 'completed', 'failed', 'cancelled')),
    live boolean not null,
    updated_at timestamptz not null,
    configuration jsonb not null,
    memo jsonb not null,
    definition text not null,
    version int not null,
    digest text not null,
    key text,
    conversation_id uuid,
    parent_id uuid,
    -- The invoke of the parent that waits for this one; null when nobody waits.
    parent_invoke text,
    parent_step text,
    created_at timestamptz not null,
    context jsonb not null,
    primary key (tenant_id, id)
) with (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);
create unique index instance_key on instance (tenant_id, definition, key) where live and key is not null;
create index instance_conversation on instance (tenant_id, conversation_id)
    where conversation_id is not null;
create index instance_parent on instance (tenant_id, parent_id) where parent_id is not null;
create index instance_definition on instance (tenant_id, definition, id);
comment on table instance is 'Running and finished workflows: one row each, updated once per turn.';

create table history (
    tenant_id uuid not null,
    instance_id uuid not null,
    seq bigint not null,
    at timestamptz not null,
    -- Given when the event was accepted; lets an owner find out whether a commit with a lost answer went through.
    event_id uuid not null,
    event jsonb not null,
    verdict text not null,
    from_ jsonb not null,
    to_ jsonb not null,
    -- Null: unchanged. {"merge": …}: RFC 7386. {"replace": …}: the whole context.
    context_patch jsonb,
    commands jsonb not null,
    definition_digest text not null,
    semantics smallint not null,
    actor text not null,
    status text not null,
    -- The first 16 bytes of SHA-256 of the state's JSON after this turn.
    state_digest bytea not null,
    primary key (tenant_id, instance_id, seq, at)
) partition by range (at);
create table history_default partition of history default;
comment on table history is 'One row per turn, append only. Replayed, it gives the instance''s state. Dropped by month.';

create table inbox (
    tenant_id uuid not null,
    id bigint generated always as identity,
    shard smallint not null,
    instance_id uuid not null,
    body jsonb not null,
    actor text not null,
    received_at timestamptz not null,
    primary key (tenant_id, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index inbox_shard on inbox (shard, id);
comment on table inbox is 'Events accepted and not applied yet. The turn that applies one deletes it.';

create table step (
    tenant_id uuid not null,
    instance_id uuid not null,
    seq bigint not null,
    index int not null,
    shard smallint not null,
    -- ready: to be run. started: a try of an unsafe kind is under way. waiting: for its next try. checking: its outcome is
    -- unknown and may still be told. parked: its result made the instance stuck, a person decides.
    status text not null check (status in ('ready', 'started', 'waiting', 'checking', 'parked')),
    attempt int not null,
    -- Grows with every claim. A result names the fence it ran under; another one is refused.
    fence bigint not null,
    due timestamptz not null,
    tries jsonb not null default '[]',
    invoke text not null,
    kind text not null,
    key text not null,
    conversation_id uuid,
    policy jsonb not null,
    input jsonb not null,
    created_at timestamptz not null,
    primary key (tenant_id, instance_id, seq, index)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index step_due on step (due);
comment on table step is 'Open steps. Deleted by the turn that takes the result, or that leaves the state.';

create table timer (
    tenant_id uuid not null,
    instance_id uuid not null,
    seq bigint not null,
    index int not null,
    name text not null,
    shard smallint not null,
    fire_at timestamptz not null,
    primary key (tenant_id, instance_id, seq, index)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index timer_due on timer (fire_at);
comment on table timer is 'Timers set and not fired. Deleted by the turn in which they fire, or whose state is left.';

create table incident (
    tenant_id uuid not null,
    instance_id uuid not null,
    seq bigint not null,
    since timestamptz not null,
    code text not null,
    message text not null,
    -- Equal for instances that are stuck for the same reason.
    fingerprint text not null,
    definition text not null,
    version int not null,
    state text,
    step text,
    primary key (tenant_id, instance_id)
);
create index incident_fingerprint on incident (tenant_id, fingerprint, since);
comment on table incident is 'Why an instance is stuck: written in the turn that got stuck, deleted in the one that goes on.';

create table dedupe (
    tenant_id uuid not null,
    scope text not null,
    key text not null,
    response jsonb,
    expires_at timestamptz not null,
    primary key (tenant_id, scope, key)
);
create index dedupe_expiry on dedupe (expires_at);
comment on table dedupe is 'Request keys and confirmations already seen, with what was answered. Deleted after their expiry.';

create table schedule (
    tenant_id uuid not null,
    id uuid not null,
    definition text not null,
    cron text not null,
    time_zone text not null,
    next_fire timestamptz not null,
    policies jsonb not null default '{}',
    primary key (tenant_id, id)
);
create index schedule_due on schedule (next_fire);
comment on table schedule is 'Cron rows; a tick is a compare-and-set on next_fire.';

create table shard (
    id smallint primary key,
    owner uuid,
    fence bigint not null default 0,
    lease_until timestamptz not null default '-infinity'
);
insert into shard (id) select generate_series(0, 255);
comment on table shard is 'Who owns which instances, until when. The fence grows with every change of owner.';

-- Who talks to whom on what.

create table contact (
    tenant_id uuid not null,
    id uuid not null,
    name text,
    phone text,
    email text,
    locale text,
    time_zone text,
    attributes jsonb not null default '{}',
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index contact_phone on contact (tenant_id, phone) where phone is not null;
create index contact_email on contact (tenant_id, email) where email is not null;
comment on table contact is 'People a tenant talks to.';

create table identity (
    tenant_id uuid not null,
    channel_id uuid not null,
    kind text not null,
    value text not null,
    contact_id uuid not null,
    primary key (tenant_id, channel_id, kind, value)
);
create index identity_contact on identity (tenant_id, contact_id);
comment on table identity is 'How a channel account names a contact: phone, user_id, …';

create table consent (
    tenant_id uuid not null,
    contact_id uuid not null,
    channel_id uuid not null,
    status text not null check (status in ('granted', 'withdrawn')),
    source text not null,
    at timestamptz not null default now(),
    primary key (tenant_id, contact_id, channel_id)
);
comment on table consent is 'Whether a contact wants messages on a channel.';

create table channel (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    name text not null,
    -- The provider's own name of the account, e.g. a phone_number_id.
    external_id text not null,
    settings jsonb not null default '{}',
    secrets bytea,
    key_id text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (kind, external_id)
);
comment on table channel is 'Channel accounts; credentials encrypted under the key named by key_id.';

create table connection (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    provider text not null,
    base_url text not null,
    settings jsonb not null default '{}',
    secrets bytea,
    key_id text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, name)
);
comment on table connection is 'Accounts at other providers; credentials encrypted under the key named by key_id.';

create table conversation (
    tenant_id uuid not null,
    id uuid not null,
    channel_id uuid not null,
    contact_id uuid not null,
    shard smallint not null,
    mode text not null default 'bot' check (mode in ('bot', 'human', 'paused', 'opted_out')),
    -- The instance that gets the contact''s messages, and those put aside, the last one on top.
    foreground_id uuid,
    suspended uuid[] not null default '{}',
    last_inbound_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, channel_id, contact_id)
) with (fillfactor = 70);
comment on table conversation is 'One contact on one channel account: the unit of order for messages.';

create table message (
    tenant_id uuid not null,
    id bigint generated always as identity,
    channel_id uuid not null,
    conversation_id uuid,
    -- status: what the provider told about a message of ours, kept as it came; its provider_id is `<message id> <status>`.
    direction text not null check (direction in ('in', 'out', 'status')),
    provider_id text,
    body jsonb not null,
    status text not null,
    at timestamptz not null,
    received_at timestamptz not null default now(),
    -- Null until the router has decided; the decision says what it did.
    routed_at timestamptz,
    decision text,
    instance_id uuid,
    step_key text,
    primary key (tenant_id, id),
    unique (tenant_id, channel_id, direction, provider_id)
) with (fillfactor = 70);
create index message_unrouted on message (id) where routed_at is null;
create index message_conversation on message (tenant_id, conversation_id, id);
create index message_step on message (tenant_id, step_key) where step_key is not null;
comment on table message is 'What was received and sent, with delivery state.';

create table media (
    tenant_id uuid not null,
    id uuid not null,
    channel_id uuid not null,
    provider_id text not null,
    mime_type text not null,
    size_bytes bigint,
    sha256 bytea,
    location text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, channel_id, provider_id)
);
comment on table media is 'Files that messages carry: where they are, not the bytes.';
