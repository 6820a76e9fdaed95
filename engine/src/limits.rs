//! Every bound of the engine, by name. Units stand last in the name. Bounds of the pure step are in `workflows::limits`.

use std::time::Duration;

/// Turns of one batch.
pub const BATCH_TURNS_MAX: usize = 500;
/// Steps that one row of the outbox names, each with 28 bytes: a row fits into a page.
pub const OUTBOX_STEPS_MAX: usize = 256;
/// Events waiting in memory for their turn; beyond it, senders wait.
pub const WORK_QUEUE_MAX: usize = 10_000;
/// What the instances kept in memory between turns may take, in bytes, all lanes together.
pub const HOT_BYTES_MAX: usize = 256 << 20;
/// Owners that work side by side, for each core: some compute while others wait for their commits.
pub const TRACKS_CORE: usize = 2;
/// Owners that work side by side, at most, if nobody says otherwise: with more it is the database that limits.
pub const TRACKS_MAX: usize = 16;
/// Compiled definitions kept in memory.
pub const DEFINITIONS_MAX: usize = 1_000;
/// How long a version is believed to be the current one without looking.
pub const PUBLISHED_TTL: Duration = Duration::from_secs(2);
/// Inbox rows read at once.
pub const INBOX_PAGE: i64 = 1_000;
/// Inbox rows in memory at once.
pub const IN_FLIGHT_MAX: usize = 5_000;
/// Timers on their way to their turns at once, about.
pub const TIMERS_IN_FLIGHT_MAX: usize = 10_000;
/// How long before its time a timer is read.
pub const TIMERS_AHEAD: chrono::TimeDelta = chrono::TimeDelta::seconds(2);
/// Timers in memory whose time has not come.
pub const TIMERS_HELD_MAX: usize = 32_768;
/// Timers read at once.
pub const TIMER_PAGE: i64 = 5_000;
/// Steps read at once.
pub const STEP_PAGE: i64 = 1_000;
/// Least number of steps read of a lane, when many lanes are read at once.
pub const LANE_ROWS_MIN: i64 = 16;
/// Lanes (tenant, kind, connection) whose steps are read at once.
pub const LANE_PAGE: i64 = 200;
/// Pages of lanes that one poll looks at; the next one goes on after them.
pub const LANE_PAGES_MAX: usize = 10;
/// Lanes of which is remembered that they have more steps in the table; others are found by the poll.
pub const LANES_MAX: usize = 10_000;
/// How soon a lane that has more steps in the table is read again when it is nearly through with those in memory.
pub const REFILL: Duration = Duration::from_millis(20);
/// How often rows are looked for when no hint came.
pub const POLL: Duration = Duration::from_secs(1);
/// Hints on their way to the executor; beyond it owners wait. To the scheduler; beyond it they are lost, which costs a poll.
pub const HINTS_MAX: usize = 10_000;
/// Steps kept in memory until they are due; beyond it they are left to polling.
pub const STEPS_WAITING_MAX: usize = 50_000;
/// Attempts running at once.
pub const ATTEMPTS_RUNNING_MAX: usize = 256;
/// What a try may take beyond its own timeout before its outcome is called unknown.
pub const ATTEMPT_GRACE: Duration = Duration::from_secs(5);
/// How long a stopping process waits for tries that run.
pub const DRAIN: Duration = Duration::from_secs(10);
/// Tries kept in a step's row.
pub const TRIES_KEPT: usize = 10;
/// How long a shard is leased.
pub const LEASE_TTL: Duration = Duration::from_secs(15);
/// How many times the lease is renewed in the time it runs.
pub const LEASE_RENEWALS: u32 = 3;
/// How often a process that is told nothing by others looks who is there.
pub const LEASE_LOOK: Duration = Duration::from_secs(1);
/// First wait after a database error; doubled each time.
pub const DATABASE_RETRY: Duration = Duration::from_millis(50);
/// Longest wait after a database error.
pub const DATABASE_RETRY_MAX: Duration = Duration::from_secs(5);
/// Longest text of an error kept in a row, in characters.
pub const ERROR_CHARS_MAX: usize = 2_000;
/// How long a confirmation of a step is kept.
pub const CONFIRMATION_TTL: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Shards.
pub const SHARDS: i16 = 256;
/// Channels kept in memory.
pub const CHANNELS_MAX: usize = 10_000;
/// How long a channel or connection is believed to be as it was read.
pub const CHANNEL_TTL: Duration = Duration::from_secs(5);
/// Messages of webhooks that are stored by one statement.
pub const ARRIVALS_MAX: usize = 500;
/// Messages read at once by the router.
pub const ROUTE_PAGE: i64 = 100;
/// People whose messages are routed at once.
pub const ROUTES_RUNNING_MAX: usize = 8;
/// How often a message that had to wait for the turn before it is looked at again.
pub const ROUTE_RETRY: Duration = Duration::from_millis(20);
/// Longest wait of a message for the turn of the message before it.
pub const ROUTE_WAIT: Duration = Duration::from_secs(30);
/// Longest text kept of a message that is too big to be an event, in characters.
pub const TEXT_CHARS_KEPT: usize = 10_000;
/// How long after a customer's message free-form messages may be sent.
pub const SERVICE_WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// When a step that a paused conversation holds back is looked at again.
pub const PAUSED_RETRY: Duration = Duration::from_secs(30);
/// How long it is remembered whom a `signal` or `cancel` step has reached.
pub const DELIVERY_TTL: chrono::TimeDelta = chrono::TimeDelta::days(30);
/// When a step for a child that has not had its first turn is looked at again.
pub const UNBORN_RETRY: Duration = Duration::from_millis(20);
/// How long a process has a chore without saying that it is still at it.
pub const CHORE_LEASE: Duration = Duration::from_secs(60);
/// How often a process looks for a chore to do.
pub const CHORE_POLL: Duration = Duration::from_secs(10);
/// Months of history made ahead, the running one included.
pub const MONTHS_AHEAD: u32 = 4;
/// Finished instances deleted in one transaction.
pub const RETIRE_PAGE: i64 = 200;
/// Instances of one archive file.
pub const ARCHIVE_INSTANCES_MAX: usize = 5_000;
/// Text of one archive file, before it is compressed, in bytes; the instance that reaches it is the last one.
pub const ARCHIVE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Turns read at once for a file.
pub const ARCHIVE_TURNS_PAGE: i64 = 1_000;
/// Longest line of an archive file that is read, in bytes.
pub const ARCHIVE_LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Wait between two deletions, so that turns come first.
pub const RETIRE_PAUSE: Duration = Duration::from_millis(20);
/// How long what was restored from a file stays.
pub const RESTORED_TTL: chrono::TimeDelta = chrono::TimeDelta::days(7);
/// Expired keys deleted at once.
pub const EXPIRED_PAGE: i64 = 5_000;
/// Rows of a contact changed in one transaction.
pub const PURGE_PAGE: i64 = 500;
/// Instances of one contact that are purged at once.
pub const PURGE_INSTANCES_MAX: usize = 10_000;
/// Shortest text by which a person is looked for where no key leads, in characters: a shorter one would be found in anything.
pub const PURGE_NEEDLE_CHARS_MIN: usize = 6;
/// What a process reserves of a rate at once: what it carries in this time.
pub const PACING_BLOCK: Duration = Duration::from_millis(100);
/// Longest time after which a step that waits for a rate asks again: settings may have changed.
pub const PACING_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long a provider that throttles without naming a time is left alone.
pub const THROTTLE_WAIT: Duration = Duration::from_secs(1);
/// Rates known in memory; those that are not in use are forgotten.
pub const BUCKETS_MAX: usize = 10_000;
/// Failures in a row, of one process, after which a connection rests.
pub const BREAKER_FAILURES: u32 = 10;
/// How long a connection rests first; doubled each time its probe fails.
pub const BREAKER_REST: Duration = Duration::from_secs(5);
/// Longest rest of a connection.
pub const BREAKER_REST_MAX: Duration = Duration::from_secs(300);
/// How long the health of connections is believed without looking.
pub const HEALTH_TTL: Duration = Duration::from_secs(1);
/// Connections that are not well, read at once.
pub const HEALTH_PAGE: i64 = 1_000;
/// How soon, at the earliest, a step looks again whether its connection is well; at the latest after three times that.
pub const HEALTH_RETRY: Duration = Duration::from_secs(2);
/// How soon a step looks again whether there is a place among those that may run at once.
pub const SLOT_RETRY: Duration = Duration::from_millis(100);
/// Unused rates deleted in one bite of the housekeeping.
pub const PACING_DELETED_MAX: i64 = 10_000;
/// How soon after it got its place under a concurrency key an instance must have started, or the place is free again.
pub const BIRTH_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether those who wait under a concurrency key can move up.
pub const ADMISSION_POLL: Duration = Duration::from_secs(1);
/// Concurrency keys with a queue, read at once.
pub const ADMISSION_KEYS_PAGE: i64 = 200;
