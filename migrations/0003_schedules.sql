-- Schedules with everything that a cron expression does not decide, the ticks they had, and business calendars.

-- Nothing to come: paused, over, or a rule that cannot be computed.
alter table schedule alter column next_fire drop not null;
alter table schedule
    -- Given by people, or `<definition>.<name or number>` for one that a definition's trigger made.
    add column name text not null default '',
    add column origin text not null default 'hand' check (origin in ('hand', 'definition')),
    add column calendar text,
    add column starts_at timestamptz,
    add column ends_at timestamptz,
    add column jitter_ms bigint not null default 0,
    add column input jsonb not null default '{}',
    add column key text,
    add column paused boolean not null default false,
    -- The tick that next_fire is of: the same moment, without jitter.
    add column next_tick timestamptz,
    -- Grows with every change by people or publications, so that a tick of the old rule is not fired under the new one.
    add column revision bigint not null default 0,
    -- Release of the tz database that next_tick was computed with, and the zone that `tenant` was. Empty: to be computed
    -- again.
    add column tz_version text not null default '',
    add column zone_used text not null default '',
    -- Why it has no next tick although it is not paused.
    add column problem text,
    -- The instance started last, and its inbox row while that is there.
    add column last_tick timestamptz,
    add column last_instance uuid,
    add column last_inbox bigint,
    -- Ticks that wait for the instance before them, and when that was last looked at.
    add column queued int not null default 0,
    add column looked_at timestamptz not null default now(),
    add column created_at timestamptz not null default now(),
    add column updated_at timestamptz not null default now();
create unique index schedule_name on schedule (tenant_id, name) where name <> '';
create index schedule_definition on schedule (tenant_id, definition, name);
create index schedule_calendar on schedule (tenant_id, calendar) where calendar is not null;
create index schedule_queued on schedule (looked_at) where queued > 0;
create index schedule_tz on schedule (tz_version);

create table schedule_tick (
    tenant_id uuid not null,
    schedule_id uuid not null,
    tick timestamptz not null,
    -- started: an instance was. skipped: the one before still lived. queued: waits for it. missed: left out, with all
    -- ticks up to `until`.
    outcome text not null check (outcome in ('started', 'skipped', 'queued', 'missed')),
    until timestamptz,
    instance_id uuid,
    -- schedule, or who fired it or made up for it.
    actor text not null,
    at timestamptz not null,
    primary key (tenant_id, schedule_id, tick)
);
comment on table schedule_tick is
    'What became of the ticks of a schedule; of each the last ones, the others are deleted when it fires.';
create index schedule_tick_queued on schedule_tick (tenant_id, schedule_id, tick) where outcome = 'queued';

create table calendar (
    tenant_id uuid not null,
    name text not null,
    -- {"mon": [["09:00", "18:00"]], …, "holidays": {"2026-12-25": []}, "timeZone": "Africa/Nairobi"}
    hours jsonb not null,
    updated_at timestamptz not null,
    primary key (tenant_id, name)
);
comment on table calendar is 'Business calendars: hours by day of the week, and days that are otherwise.';
