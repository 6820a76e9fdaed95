//! Cron rules: which moments a rule like `0 9 * * MON-FRI` names in a time zone.
//!
//! Five fields (minute, hour, day of month, month, day of week) or six (seconds first), or `@hourly`, `@daily`,
//! `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`. Lists, ranges, steps and English names as everywhere;
//! Sunday is 0 and 7. With both days restricted either is enough, as Vixie's cron has it. `L`, `W`, `#` and years are
//! refused by name.
//!
//! The package `cron` finds the next wall-clock time that matches; what a wall clock does when it is put forward or back
//! is decided here:
//! - a rule of fixed times fires once: when its time is skipped, at the end of the gap; when its time comes twice, the
//!   first time;
//! - a rule of intervals (`*` or a step in the hour or the minute) goes by elapsed time: it fires whenever the clock shows
//!   a time that matches, both times in a fold, and not for times that were skipped.
//!
//! A schedule may want its fixed times otherwise ([`Dst`]): skipped times left out, repeated times both taken.
//!
//! **Invariant:** the answer depends on rule, moment and zone alone, and zones are those of the bundled tz database.
//! **Invariant:** a rule that was parsed fires at least once in the years 1970 to 2100; searching is bounded by them.

mod fields;

use std::str::FromStr;

use chrono::{DateTime, Datelike, Timelike, Utc};
use cron::Schedule;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Changes of the clock looked at in one search: zones have up to four a year, and a rule that fires at all does so within
/// eight (a leap day around 2100).
const CHANGES_MAX: usize = 100;

/// What becomes of a fixed time that the clock skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DstMissing {
    /// It comes at the end of the gap.
    #[default]
    Shift,
    /// It does not come that day.
    Skip,
}

/// What becomes of a fixed time that the clock shows twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DstRepeated {
    /// It comes the first time.
    #[default]
    First,
    /// It comes both times.
    Both,
}

/// What a rule of fixed times does when the clock is put forward or back. Rules of intervals go by elapsed time always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dst {
    /// At times that are skipped.
    pub missing: DstMissing,
    /// At times that come twice.
    pub repeated: DstRepeated,
}

/// A parsed rule.
#[derive(Debug, Clone)]
pub struct Cron {
    /// One rule, or two when either of two days is enough.
    schedules: Vec<Schedule>,
    /// Whether it goes by elapsed time when the clock changes.
    is_interval: bool,
}

impl Cron {
    /// Reads a rule; the error is a sentence for people.
    pub fn parse(rule: &str) -> Result<Self, String> {
        let fields::Rule { schedules, is_interval } = fields::read(rule)?;
        let mut parsed = Vec::new();
        for schedule in schedules {
            let schedule = Schedule::from_str(&schedule);
            parsed.push(schedule.map_err(|_| format!("`{rule}` cannot be read as a cron rule"))?);
        }
        let cron = Self { schedules: parsed, is_interval };
        // The years that are searched hold every leap day on every day of the week.
        match cron.next_on_clock(civil::date(1970, 1, 1).at(0, 0, 0, 0)) {
            Some(_) => Ok(cron),
            None => Err(format!("`{rule}` never comes: there is no such day")),
        }
    }

    /// The first moment after `from` that the rule names in `zone`; `None` when that is after the year 2100.
    pub fn next_after(&self, from: DateTime<Utc>, zone: &TimeZone) -> Option<DateTime<Utc>> {
        self.next_with(from, zone, Dst::default())
    }

    /// As [`Cron::next_after`], with a choice of what happens when the clock changes.
    pub fn next_with(
        &self,
        from: DateTime<Utc>,
        zone: &TimeZone,
        dst: Dst,
    ) -> Option<DateTime<Utc>> {
        let from = Timestamp::from_second(from.timestamp()).ok()?;
        let next = match (self.is_interval, dst.missing, dst.repeated) {
            (true, ..) | (false, DstMissing::Skip, DstRepeated::Both) => {
                self.next_interval(from, zone)
            }
            // Every pass of the clock, and the ends of gaps: whichever comes first.
            (false, DstMissing::Shift, DstRepeated::Both) => {
                let passes = self.next_interval(from, zone);
                passes.into_iter().chain(self.next_fixed(from, zone, DstMissing::Shift)).min()
            }
            (false, missing, DstRepeated::First) => self.next_fixed(from, zone, missing),
        };
        DateTime::from_timestamp(next?.as_second(), 0)
    }

    /// Every pass of the clock counts: the search goes from one change of the clock to the next.
    fn next_interval(&self, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut after = from;
        let mut changes = zone.following(from);
        for _ in 0..CHANGES_MAX {
            let change = changes.next().map(|change| change.timestamp());
            let offset = zone.to_offset(after);
            // After a change its own first second counts, so the search begins just before it, on the new clock.
            let clock = match after == from {
                true => offset.to_datetime(after),
                false => offset.to_datetime(after).checked_sub(SECOND).ok()?,
            };
            let candidate = offset.to_timestamp(self.next_on_clock(clock)?).ok()?;
            match change {
                Some(change) if candidate >= change => after = change,
                _ => return Some(candidate),
            }
        }
        None
    }

    /// Every time of a wall clock counts once.
    fn next_fixed(
        &self,
        from: Timestamp,
        zone: &TimeZone,
        missing: DstMissing,
    ) -> Option<Timestamp> {
        let mut clock = zone.to_offset(from).to_datetime(from);
        for _ in 0..CHANGES_MAX {
            let at = self.next_on_clock(clock)?;
            let moment = match zone.to_ambiguous_timestamp(at).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(at).ok()?,
                AmbiguousOffset::Gap { .. } if missing == DstMissing::Skip => {
                    clock = at;
                    continue;
                }
                AmbiguousOffset::Gap { after, .. } => change_after(after, at, zone)?,
                AmbiguousOffset::Fold { before, .. } => {
                    let first = before.to_timestamp(at).ok()?;
                    if first <= from {
                        // The clock runs through these times for the second time: on to where they end.
                        let end = before.to_datetime(change_after(before, at, zone)?);
                        clock = end.checked_sub(SECOND).ok()?;
                        continue;
                    }
                    first
                }
            };
            if moment > from {
                return Some(moment);
            }
            clock = at;
        }
        None
    }

    /// The first wall-clock time after `after` that matches.
    fn next_on_clock(&self, after: civil::DateTime) -> Option<civil::DateTime> {
        let utc = chrono::NaiveDate::from_ymd_opt(
            after.year().into(),
            u32::try_from(after.month()).ok()?,
            u32::try_from(after.day()).ok()?,
        )?
        .and_hms_opt(
            u32::try_from(after.hour()).ok()?,
            u32::try_from(after.minute()).ok()?,
            u32::try_from(after.second()).ok()?,
        )?
        .and_utc();
        let next =
            self.schedules.iter().filter_map(|schedule| schedule.after(&utc).next()).min()?;
        let small = |n: u32| i8::try_from(n).ok();
        civil::DateTime::new(
            i16::try_from(next.year()).ok()?,
            small(next.month())?,
            small(next.day())?,
            small(next.hour())?,
            small(next.minute())?,
            small(next.second())?,
            0,
        )
        .ok()
    }
}

/// Wall clocks are searched in whole seconds.
const SECOND: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// The change of the clock that comes next after a clock on `offset` showed `at`.
fn change_after(offset: Offset, at: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let before = offset.to_timestamp(at).ok()?;
    zone.following(before).next().map(|change| change.timestamp())
}

/// The next `n` moments after `from`, for previews.
pub fn upcoming(cron: &Cron, from: DateTime<Utc>, zone: &TimeZone, n: usize) -> Vec<DateTime<Utc>> {
    let mut at = from;
    let mut found = Vec::new();
    while found.len() < n {
        let Some(next) = cron.next_after(at, zone) else { break };
        found.push(next);
        at = next;
    }
    found
}
