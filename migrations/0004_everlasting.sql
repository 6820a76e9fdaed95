-- Everlasting data: what keeps an instance replayable for years while its old turns leave the database.

create table chore (
    name text primary key,
    owner uuid,
    -- The database's time. Past: whoever comes next may take it.
    lease_until timestamptz,
    -- Grows with every claim; a claim that was taken over can neither go on nor say that it is done.
    fence bigint not null default 0,
    due_at timestamptz not null default now(),
    last_run timestamptz,
    last_error text
);
comment on table chore is 'Periodic work, claimed by lease, so that many processes do it once. Belongs to no tenant; never deleted.';

-- A table of its own, not a history row of a special type: a turn's number counts turns, every reader of history would have to
-- step over such a row, and it would itself be dropped with its month and have to be written again. Here it is found by key,
-- outlives every partition, and the row of history it was verified against need not be there any more.
create table checkpoint (
    tenant_id uuid not null,
    instance_id uuid not null,
    -- The state is the one after this turn.
    seq bigint not null,
    at timestamptz not null,
    event jsonb not null,
    definition_digest text not null,
    semantics smallint not null,
    status text not null,
    state jsonb not null,
    -- Copied from the turn's row of history, which the state was compared with when this was written.
    state_digest bytea not null,
    -- False: the turn was computed by a release whose states this one writes otherwise, so digests could not be compared.
    is_verified boolean not null,
    made_at timestamptz not null,
    primary key (tenant_id, instance_id, seq)
) with (autovacuum_vacuum_scale_factor = 0.05);
comment on table checkpoint is 'The whole state of an instance after a turn, from which replay starts once earlier turns are gone. Deleted with the instance, or when a later one makes it useless.';

create table archive (
    tenant_id uuid not null,
    id uuid not null,
    -- Below PERDURE_ARCHIVE_DIR.
    file text not null,
    -- written: the file is verified, and what it holds may still be in the tables. settled: what was to be deleted is.
    -- replaced: a contact was purged from it, another file holds the rest, and this one is to be removed.
    status text not null check (status in ('written', 'settled', 'replaced')),
    instances int not null,
    turns bigint not null,
    bytes bigint not null,
    sha256 text not null,
    first_at timestamptz,
    last_at timestamptz,
    made_at timestamptz not null,
    primary key (tenant_id, id)
);
create index archive_open on archive (status, tenant_id, id) where status <> 'settled';
comment on table archive is 'Files that hold what left the tables. Deleted with a file that was replaced.';

create table archived (
    tenant_id uuid not null,
    instance_id uuid not null,
    archive_id uuid not null,
    definition text not null,
    conversation_id uuid,
    first_seq bigint not null,
    last_seq bigint not null,
    -- Whether the instance itself is in the file, or only turns of one that lives on.
    is_over boolean not null,
    -- It was brought back, and stays until then.
    restored_until timestamptz,
    primary key (tenant_id, instance_id, archive_id)
);
create index archived_archive on archived (tenant_id, archive_id, instance_id);
create index archived_conversation on archived (tenant_id, conversation_id) where conversation_id is not null;
comment on table archived is 'Which file holds which turns of an instance. Deleted when its contact is purged.';

-- How long finished instances of this name are kept; null: as the server says. The version published last decides.
alter table definition add column retention_ms bigint;

-- Instances by age. Not only the finished ones: an index whose predicate names a column that a turn changes would keep that turn from
-- being heap-only.
create index instance_age on instance (tenant_id, definition, created_at, id);
create index conversation_contact on conversation (tenant_id, contact_id);

-- Autovacuum by how a table is used: rows of work tables live for moments, rows of history are only added.
alter table instance set (toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_cost_delay = 0);
alter table inbox set (autovacuum_vacuum_threshold = 1000);
alter table step set (autovacuum_vacuum_threshold = 1000);
alter table timer set (autovacuum_vacuum_threshold = 1000);
alter table incident set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table dedupe set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table conversation set (autovacuum_vacuum_scale_factor = 0.02);
alter table message set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
alter table audit set (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table shard set (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
