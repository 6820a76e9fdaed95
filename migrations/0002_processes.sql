-- Several processes on one database, and turns that log less.

create table process (
    id uuid primary key,
    name text not null,
    version text not null,
    -- A process that owns shards counts in the spreading of them; one that only serves the API does not.
    role text not null check (role in ('all', 'engine', 'api')),
    -- It holds a session lock as long as it lives, so that others see at once when it died.
    has_session boolean not null,
    started_at timestamptz not null default now(),
    -- By the database's clock. Written with every renewal; a process not seen since then is gone.
    seen_until timestamptz not null
) with (fillfactor = 50);
comment on table process is 'Who is there: how many share the shards, and whose outbox rows are orphans.';

-- What an instance was started with: its seed, input and scope. It stands behind the context, so that a turn, which changes
-- the front of the row, logs neither.
alter table instance add column origin jsonb;
-- Room for the versions of a row that nobody needs any more, but that a reader may still see.
alter table instance set (fillfactor = 50);
comment on column instance.origin is 'Seed, input and scope; null in rows written before it was there: then they are in memo.';

-- The key as long as the instance lives. The index on `key` named `live` in its predicate, and so kept every ending turn from being
-- heap-only, also of instances without a key (the columns of a predicate count like those of the index).
alter table instance add column live_key text;
update instance set live_key = key where live and key is not null;
create unique index instance_live_key on instance (tenant_id, definition, live_key) where live_key is not null;
drop index instance_key;
create index instance_key on instance (tenant_id, definition, key) where key is not null;

-- Which version a turn was computed with: with the instance's definition it names the digest, which is no longer repeated in each
-- row (it is empty there).
alter table history add column version int;

-- The event's own id, given by the process that accepted it.
alter table inbox add column event_id uuid;
alter table inbox set (autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.5);

-- Steps of safe kinds that a batch of turns opened and that have no row of their own yet: one row per batch instead of one
-- per step. Such a step gets its row when its first try did not settle it. The rows of a process that died tell the next one
-- which steps to look for: those that the instance still waits for are made rows from the command in history.
create table outbox (
    tenant_id uuid not null,
    id uuid not null,
    process_id uuid not null,
    created_at timestamptz not null,
    -- 28 bytes per step: instance id, seq, index; numbers big-endian.
    steps bytea not null,
    primary key (tenant_id, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0);
comment on table outbox is 'Which steps a batch opened without a row. Deleted when each is settled or has its row.';

-- Which tenants have something due, when more is due than can be taken at once: each gets its share.
create index timer_tenant_due on timer (tenant_id, fire_at);

-- Ends a statement whose compare-and-set missed a row: everything in it is undone.
create function perdure_expect(written bigint, wanted bigint) returns bigint
language plpgsql volatile as $$
begin
    if written <> wanted then
        raise exception 'compare-and-set: % of % rows', written, wanted using errcode = 'PD001';
    end if;
    return written;
end
$$;
comment on function perdure_expect is 'The number of rows, or error PD001 when it is not the one expected.';
