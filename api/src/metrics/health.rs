//! How well the database ages, for Prometheus. What each number means, and from when on it should wake somebody, stands in
//! `docs/metrics.md`; a test compares.

use engine::ops::health::{Chore, Health, Table};
use std::fmt::{Display, Write};

/// The numbers in the exposition format.
pub(crate) fn render(health: &Health) -> String {
    let mut text = String::new();
    let d = &health.database;
    let help = "Age of the oldest transaction that holds a snapshot.";
    one(&mut text, ["perdure_snapshot_age_seconds", "gauge", help], d.snapshot_s);
    let help = "Age of the oldest prepared transaction.";
    one(&mut text, ["perdure_prepared_age_seconds", "gauge", help], d.prepared_s);
    let help = "Transactions that the furthest replication slot holds back.";
    one(&mut text, ["perdure_slot_held_xids", "gauge", help], d.slot_xids);
    let help = "WAL that the furthest replication slot holds back.";
    one(&mut text, ["perdure_slot_held_wal_bytes", "gauge", help], d.slot_wal_bytes);
    let help = "Transactions since the database was frozen.";
    one(&mut text, ["perdure_frozen_age_xids", "gauge", help], d.frozen_xids);
    let help = "Shared row locks since the database was frozen.";
    one(&mut text, ["perdure_frozen_age_multixacts", "gauge", help], d.frozen_multixacts);
    let help = "WAL written, by everybody on this server.";
    one(&mut text, ["perdure_wal_bytes_total", "counter", help], d.wal_bytes);
    let help = "Months of history that are made and have not begun.";
    one(&mut text, ["perdure_history_months_ahead", "gauge", help], health.months_ahead);
    let help = "Turns that have no month; ten thousand at most are counted.";
    one(&mut text, ["perdure_history_stray_turns", "gauge", help], d.stray_turns);
    let help = "Archives whose instances are not deleted yet.";
    one(&mut text, ["perdure_archives_open", "gauge", help], d.open_archives);
    tables(&mut text, &health.tables);
    chores(&mut text, &health.chores);
    text
}

fn tables(text: &mut String, tables: &[Table]) {
    let each = |value: fn(&Table) -> f64| {
        tables.iter().map(move |t| (format!("{{table=\"{}\"}}", t.name), value(t)))
    };
    let help = "Rows, about.";
    family(text, ["perdure_table_rows", "gauge", help], each(|t| float(t.live)));
    let help = "Row versions that wait for vacuum, about.";
    family(text, ["perdure_table_dead_rows", "gauge", help], each(|t| float(t.dead)));
    let help = "Of all row versions, those that wait for vacuum.";
    family(text, ["perdure_table_dead_ratio", "gauge", help], each(dead_ratio));
    let help = "Of all updates, those that touched no index.";
    family(text, ["perdure_table_hot_ratio", "gauge", help], each(hot_ratio));
    let help = "Time since it was vacuumed; -1: never.";
    family(text, ["perdure_table_vacuum_age_seconds", "gauge", help], each(|t| t.vacuumed_s));
}

fn chores(text: &mut String, chores: &[Chore]) {
    let each = |value: fn(&Chore) -> f64| {
        chores.iter().map(move |c| (format!("{{chore=\"{}\"}}", c.name), value(c)))
    };
    let help = "Time since the chore has been due.";
    family(text, ["perdure_chore_late_seconds", "gauge", help], each(|c| c.late_s));
    let help = "1 while the chore failed the last time.";
    let failed = |c: &Chore| f64::from(u8::from(c.last_error.is_some()));
    family(text, ["perdure_chore_failed", "gauge", help], each(failed));
}

/// A count, as far as a float can tell it.
#[expect(clippy::cast_precision_loss, reason = "an approximate count of rows")]
fn float(n: i64) -> f64 {
    n as f64
}

fn dead_ratio(table: &Table) -> f64 {
    ratio(table.dead, table.dead + table.live)
}

/// 1 without an update: nothing was done wrong.
fn hot_ratio(table: &Table) -> f64 {
    if table.updates == 0 { 1.0 } else { ratio(table.hot_updates, table.updates) }
}

fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

fn one(text: &mut String, about: [&str; 3], value: impl Display) {
    family(text, about, [(String::new(), value)]);
}

fn family<T: Display>(
    text: &mut String,
    [name, kind, help]: [&str; 3],
    series: impl IntoIterator<Item = (String, T)>,
) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in series {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ops::health::Database;

    fn health() -> Health {
        Health {
            database: Database {
                snapshot_s: 1.5,
                prepared_s: 0.0,
                slot_xids: 0,
                slot_wal_bytes: 0,
                frozen_xids: 10,
                frozen_multixacts: 1,
                wal_bytes: 7,
                stray_turns: 2,
                open_archives: 0,
            },
            months_ahead: 3,
            tables: vec![Table {
                name: "instance".to_owned(),
                live: 30,
                dead: 10,
                updates: 100,
                hot_updates: 96,
                vacuumed_s: -1.0,
            }],
            chores: vec![Chore { name: "months".to_owned(), late_s: 0.0, last_error: None }],
        }
    }

    #[test]
    fn what_prometheus_reads() {
        let text = render(&health());
        for line in [
            "perdure_snapshot_age_seconds 1.5",
            "perdure_history_stray_turns 2",
            "perdure_history_months_ahead 3",
            "perdure_table_dead_ratio{table=\"instance\"} 0.25",
            "perdure_table_hot_ratio{table=\"instance\"} 0.96",
            "perdure_chore_failed{chore=\"months\"} 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn every_number_has_its_alarm_in_the_docs() {
        let docs = include_str!("../../../docs/metrics.md");
        for line in render(&health()).lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let name = line.split(' ').next().unwrap_or_default();
            assert!(docs.contains(&format!("| `{name}` |")), "{name} is not in docs/metrics.md");
        }
    }
}
