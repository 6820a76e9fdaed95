//! What belongs to a session, and is lost or found by somebody else when servers change hands between transactions.

/// Words that begin a statement whose effect outlives its transaction.
const BEGINS: &[&str] = &[
    "listen",
    "unlisten",
    "discard",
    "deallocate",
    "prepare",
    "load",
    "set",
    "reset",
    "create temp",
    "create temporary",
    "declare",
    "copy",
];
/// What begins so and ends with the transaction after all.
const FINE: &[&str] = &["set local", "set transaction", "set constraints"];
/// Locks of a session.
const LOCKS: &[&str] = &["pg_advisory_lock", "pg_try_advisory_lock", "pg_advisory_unlock"];

/// The statement of a text that needs a session of its own, if there is one.
pub(super) fn needed_by(sql: &str) -> Option<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ").to_lowercase();
    let needs = |statement: &&str| {
        let begins = |words: &[&str]| {
            words.iter().any(|words| {
                statement
                    .strip_prefix(words)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        };
        let is_set = statement.contains("set_config(") && statement.contains("false");
        let locks = LOCKS.iter().any(|lock| statement.contains(lock));
        (begins(BEGINS) && !begins(FINE)) || is_set || locks
    };
    text.split(';').map(str::trim).find(needs).map(str::to_owned)
}

#[test]
fn what_needs_a_session() {
    for needy in [
        "LISTEN perdure",
        "select pg_try_advisory_lock(1)",
        "set statement_timeout = 0",
        "-- why\nselect set_config('statement_timeout', '3s', false)",
        "begin; set timezone to 'UTC'; commit",
    ] {
        assert!(needed_by(needy).is_some(), "{needy}");
    }
    for fine in [
        "begin; set local lock_timeout = '500ms'",
        "select pg_advisory_xact_lock(1)",
        "select set_config('statement_timeout', '3s', true)",
        "update setting set value = 1",
        "select pg_notify($1, $2)",
    ] {
        assert_eq!(needed_by(fine), None, "{fine}");
    }
}
