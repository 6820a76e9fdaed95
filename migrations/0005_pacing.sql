-- Fairness and pacing: what is shared between processes so that nobody is starved and no provider is flooded.

-- Steps are looked for by tenant, kind and connection, so that the flood of one does not stand in front of the others.
alter table step add column lane text generated always as (coalesce(input ->> 'connection', '')) stored;
create index step_lane on step (tenant_id, kind, lane, due) where status in ('ready', 'waiting', 'checking');

-- A token bucket as one number (GCRA): `next_at` is when the bucket would be full again.
create table pacing (
    tenant_id uuid not null,
    -- Whose rate: connection/<name>, channel/<id>, share/<name>, or one of these with a recipient's hash behind it.
    key text not null,
    next_at timestamptz not null,
    -- What the last reservation got.
    granted int not null,
    period_us bigint not null,
    burst int not null,
    -- The provider asked for silence until then.
    closed_until timestamptz not null default '1970-01-01 00:00+00',
    -- Of no use after this. Moves by the day, so that the index on it seldom sees an update.
    kept_until timestamptz not null,
    primary key (tenant_id, key)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index pacing_kept on pacing (kept_until);
comment on table pacing is 'How far each rate is used up, for all processes. Reserved in blocks; without a row a rate is unused.';

create table health (
    tenant_id uuid not null,
    subject text not null,
    -- The breaker's state, as pacing/breaker.rs stores it.
    state jsonb not null,
    -- Grows with every change; a change names the version it was made from.
    version bigint not null,
    code text not null,
    message text not null,
    since timestamptz not null,
    primary key (tenant_id, subject)
);
comment on table health is 'Connections and channels that rest or wait for a credential. Without a row one is well.';

create table slot (
    tenant_id uuid not null,
    subject text not null,
    n int not null,
    holder text not null,
    held_until timestamptz not null,
    primary key (tenant_id, subject, n)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index slot_held on slot (held_until);
comment on table slot is 'Attempts that run where only so many may run at once. Dated: what a crash leaves is free again by itself.';

create table admission (
    tenant_id uuid not null,
    definition text not null,
    key text not null,
    instance_id uuid not null,
    -- held: it may run. queued: its start waits for a place. over: it has given its place away, and is being cancelled.
    status text not null check (status in ('held', 'queued', 'over')),
    admitted_at timestamptz not null,
    -- An instance that is not there by then was never started.
    born_by timestamptz not null,
    max int not null,
    -- The start, for one that is queued.
    start jsonb,
    primary key (tenant_id, definition, key, instance_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index admission_queued on admission (tenant_id, definition, key, admitted_at, instance_id) where status = 'queued';
comment on table admission is 'Places under concurrency keys: who holds one, and whose start waits for one.';
