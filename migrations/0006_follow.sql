-- Waits that were computed from a tenant's calendars, hours or zone follow these.

-- Without a default and null in almost every row, it costs such a row nothing: its bit fits into the header.
alter table timer add column basis bigint;
create index timer_basis on timer (tenant_id, basis) where basis is not null;
comment on column timer.basis is
    'Of a timer that the tenant''s settings or the rules of a zone have decided: a number that stands for both. A newer tz '
    'database makes it greater, other settings make it another one; then the timer is computed again. Null for every other timer.';
