//! Named places at which a test can kill the process: what recovery has to survive is a list, not luck.
//!
//! In debug builds `PERDURE_CRASH_AT="turn.before_commit:3"` aborts the process the third time that point is reached.
//! In release builds a point compiles to nothing.

/// Every point, so that a sweep can visit them all. What a crash there leaves behind is said beside each.
pub const POINTS: &[&str] = &[
    // Nothing was written: the lease runs out, or the next process finds its advisory lock free.
    "lease.taken",
    // Half of the interrupted steps were looked at: the other half is found by the next process.
    "recovery.step",
    // The inbox rows were read and not applied: they are still there.
    "inbox.read",
    // The timer is due and not applied: its row is still there.
    "timer.due",
    // The turns exist in memory only: their inbox, timer and step rows are still there, callers were told nothing.
    "turn.prepared",
    // Everything is in the transaction, which the server rolls back.
    "turn.before_commit",
    // Everything is stored; hints and answers to callers are lost: steps and timers are found by polling.
    "turn.after_commit",
    // As above, with the hints given: the callers were told nothing.
    "turn.hinted",
    // The step is `ready` and nothing was sent: it is simply run.
    "step.before_mark",
    // The attempt is on record and nothing was sent: its outcome is unknown, policy decides.
    "step.after_mark",
    // Same, in the task that was about to send.
    "step.before_run",
    // It was sent, and the answer is lost with the process: unknown, policy decides.
    "step.after_run",
    // As above, after the ledger was told.
    "step.before_settle",
    // Its result is stored.
    "step.after_settle",
    // The try's failure was not written: for an unsafe kind the attempt counts as unknown.
    "step.before_backoff",
    // The next try is on record.
    "step.after_backoff",
    // The provider was asked about a lost try, and the answer is lost too: it is asked again.
    "step.checked",
    // A `signal` or `cancel` is in a transaction, which the server rolls back: the step is run again.
    "own.before_commit",
    // It was delivered and the step does not know: run again, it finds that it was.
    "own.after_commit",
    // A block of tokens is lost with the process: the rate is used a little less. The step was not begun.
    "pacing.reserved",
    // A place, or the start that waits for one, is in a transaction, which the server rolls back: it is asked for again.
    "admission.before_commit",
    // The place is given and the instance not started: asked again, it has its place; never asked again, the place is free
    // after a minute. A start that waits is stored, and comes by itself.
    "admission.after_commit",
];

/// The points of the work beside turns (archives, months, purges), visited by tests of their own.
pub const CHORE_POINTS: &[&str] = &[
    // The file has no name yet: it is forgotten, and written again.
    "archive.unnamed",
    // The file is whole and the tables do not know it: it is written again under another name; nothing was deleted.
    "archive.named",
    // The tables know the file: what it holds is deleted in the next round.
    "archive.noted",
    // Half of what the file holds is deleted: the next round deletes the rest.
    "retire.deleted",
    // A checkpoint is kept and its month still there: it is found, and not made again.
    "checkpoint.made",
    // A month is cut off and not dropped: its name says so, and the next round drops it.
    "month.detached",
    // A part of a contact's data is gone, and the contact is still there: whoever asked asks again.
    "purge.page",
    // All but the contact's own rows is gone: as above.
    "purge.last",
];

/// The points of what does not belong to the journey of an instance.
pub const POINTS_ASIDE: &[&str] = &[
    // The schedule has moved and its instance is in the inbox, in a transaction that the server rolls back: the tick is due.
    "schedule.before_commit",
    // Both are stored; the hint is lost: the inbox is polled.
    "schedule.after_commit",
];

/// The points at which waits are told that a calendar, or what else they follow, has changed.
pub const FOLLOW_POINTS: &[&str] = &[
    // Nothing was asked: the waits are found again by what they were computed with.
    "follow.before_commit",
    // A page of instances has its event in the inbox: the others are found again.
    "follow.after_commit",
];

/// A place where a test may kill the process.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };
    static PLAN: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let plan = std::env::var("PERDURE_CRASH_AT").ok()?;
        let (name, n) = plan.rsplit_once(':').unwrap_or((&plan, "1"));
        Some((name.to_owned(), n.parse().unwrap_or(1)))
    });
    static HITS: AtomicU64 = AtomicU64::new(0);
    debug_assert!(
        [POINTS, CHORE_POINTS, POINTS_ASIDE, FOLLOW_POINTS]
            .iter()
            .any(|points| points.contains(&name)),
        "{name} is not in the list of points"
    );
    let Some((wanted, n)) = &*PLAN else { return };
    if wanted == name && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *n {
        tracing::error!(point = name, "aborting here, as asked");
        std::process::abort();
    }
}

/// A place where a test may kill the process; nothing in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: &str) {}
