//! Cron rules against a table, and against another implementation.
#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds};
use jiff::tz::TimeZone;
use perdure_workflows::cron::{Cron, Dst, DstMissing, DstRepeated, upcoming};
use proptest::prelude::*;

fn shown(moments: &[DateTime<Utc>]) -> String {
    let texts = moments.iter().map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn rules() {
    let table = include_str!("../testdata/expr/cron.txt");
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (left, wanted) = line.rsplit_once(" => ").unwrap();
        let [rule, zone, from] = left.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("not three parts: {left}");
        };
        let found = match Cron::parse(rule) {
            Ok(cron) => {
                shown(&upcoming(&cron, from.parse().unwrap(), &TimeZone::get(zone).unwrap(), 3))
            }
            Err(why) => format!("! {why}"),
        };
        let is_right = match wanted.strip_prefix("! ") {
            Some(part) => found.starts_with('!') && found.contains(part),
            None => found == wanted,
        };
        if !is_right {
            wrong.push(format!("{left}\n  wanted {wanted}\n  found  {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One field: `*`, a step, a number, a list or a range.
fn field(least: u32, greatest: u32) -> impl Strategy<Value = String> {
    let number = least..=greatest;
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (2..=greatest.min(20)).prop_map(|step| format!("*/{step}")),
        3 => number.clone().prop_map(|n| n.to_string()),
        1 => prop::collection::vec(number.clone(), 2..4)
            .prop_map(|list| list.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
        1 => (number.clone(), number).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
    ]
}

fn days() -> impl Strategy<Value = String> {
    (field(1, 28), field(1, 12), field(0, 7)).prop_map(|(d, m, w)| format!("{d} {m} {w}"))
}

/// What the other implementation says; its moments are asked one by one, as ours.
fn theirs(rule: &str, from: DateTime<Utc>, zone: &TimeZone) -> Vec<DateTime<Utc>> {
    let cron = CronParser::builder().seconds(Seconds::Optional).build().parse(rule).unwrap();
    let mut at = jiff::Timestamp::from_second(from.timestamp()).unwrap().to_zoned(zone.clone());
    let mut found = Vec::new();
    for _ in 0..3 {
        let Ok(next) = cron.find_next_occurrence(&at, false) else { break };
        found.push(DateTime::from_timestamp(next.timestamp().as_second(), 0).unwrap());
        at = next;
    }
    found
}

fn agree(rule: &str, from_secs: i64, zone: &str) -> Result<(), TestCaseError> {
    let from = DateTime::from_timestamp(from_secs, 0).unwrap();
    let zone = TimeZone::get(zone).unwrap();
    let cron = Cron::parse(rule).map_err(TestCaseError::fail)?;
    let (ours, theirs) = (upcoming(&cron, from, &zone, 3), theirs(rule, from, &zone));
    prop_assert_eq!(shown(&ours), shown(&theirs), "{} from {}", rule, from);
    Ok(())
}

/// Moments of a century.
const FROM: std::ops::Range<i64> = 0..2_000_000_000;

/// Around the nights of 2026 in which clocks in Europe and New York change.
const CHANGES: [i64; 4] = [1_772_953_200, 1_774_742_400, 1_792_886_400, 1_793_509_200];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn fields_mean_the_same(
        (s, m, h) in (field(0, 59), field(0, 59), field(0, 23)), days in days(), from in FROM,
    ) {
        agree(&format!("{s} {m} {h} {days}"), from, "UTC")?;
    }

    /// Lists of fixed times are left out: the other takes them for intervals.
    #[test]
    fn changes_of_the_clock_mean_the_same(
        m in 0..60_u32, h in prop_oneof![(0..4_u32).prop_map(|h| h.to_string()), Just("*".to_owned())],
        change in prop::sample::select(&CHANGES[..]), ahead in -90_000..90_000_i64,
        zone in prop::sample::select(vec!["Europe/Madrid", "Europe/London", "America/New_York"]),
    ) {
        agree(&format!("{m} {h} * * *"), change + ahead, zone)?;
    }

    #[test]
    fn any_text_and_moment(rule in "[-*/,?@#LW0-9a-z ]{0,30}", from: i64) {
        if let (Ok(cron), Some(from)) = (Cron::parse(&rule), DateTime::from_timestamp(from, 0)) {
            upcoming(&cron, from, &TimeZone::get("Antarctica/Troll").unwrap(), 2);
        }
    }

    /// Whatever the rule and the zone, moments only go forward.
    #[test]
    fn time_goes_forward(
        (m, h) in (field(0, 59), field(0, 23)), days in days(), from in FROM,
        zone in prop::sample::select(vec![
            "Europe/Madrid", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll",
        ]),
    ) {
        let from = DateTime::from_timestamp(from, 0).unwrap();
        let cron = Cron::parse(&format!("{m} {h} {days}")).map_err(TestCaseError::fail)?;
        let found = upcoming(&cron, from, &TimeZone::get(zone).unwrap(), 5);
        prop_assert_eq!(found.len(), 5);
        prop_assert!(found[0] > from && found.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

/// What a rule of fixed times names in a span, found otherwise: every minute of UTC is looked at.
///
/// The clock's own reading gives the passes; a time that no minute of its day reads was skipped, and comes at the first
/// minute after the gap.
fn by_minutes(
    hour: i8,
    minute: i8,
    zone: &TimeZone,
    (from, until): (i64, i64),
    dst: Dst,
) -> Vec<i64> {
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut before: Option<jiff::civil::DateTime> = None;
    for second in (from..=until).step_by(60) {
        let clock = zone.to_datetime(jiff::Timestamp::from_second(second).unwrap());
        if let Some(before) = before
            && clock > before + jiff::Span::new().minutes(1)
            && dst.missing == DstMissing::Shift
        {
            // Days and times between the two readings were skipped.
            let mut at = before + jiff::Span::new().minutes(1);
            while at < clock {
                if (at.hour(), at.minute()) == (hour, minute)
                    && seen.insert(at)
                    && !found.contains(&second)
                {
                    found.push(second);
                }
                at += jiff::Span::new().minutes(1);
            }
        }
        if (clock.hour(), clock.minute()) == (hour, minute) {
            let is_first = seen.insert(clock);
            if (is_first || dst.repeated == DstRepeated::Both) && found.last() != Some(&second) {
                found.push(second);
            }
        }
        before = Some(clock);
    }
    found
}

/// Every zone of the bundled database whose clock changes, around each change of three years, forward and back, with every
/// policy: rules of fixed times on both sides of the change and within it.
#[test]
fn every_change_of_every_zone() {
    let (from, until) = (1_735_689_600, 1_830_297_600);
    let policies = [DstMissing::Shift, DstMissing::Skip].into_iter().flat_map(|missing| {
        [DstRepeated::First, DstRepeated::Both].map(|repeated| Dst { missing, repeated })
    });
    let policies: Vec<Dst> = policies.collect();
    let mut looked_at = std::collections::HashSet::new();
    let (mut n_zones, mut n_changes) = (0, 0);
    for name in jiff::tz::db().available() {
        let zone = TimeZone::get(name.as_str()).unwrap();
        let start = jiff::Timestamp::from_second(from).unwrap();
        let changes: Vec<_> =
            zone.following(start).take_while(|c| c.timestamp().as_second() < until).collect();
        n_zones += usize::from(!changes.is_empty());
        for change in changes {
            let at = change.timestamp().as_second();
            let offset =
                |second| zone.to_offset(jiff::Timestamp::from_second(second).unwrap()).seconds();
            // Many zones share their changes.
            if !looked_at.insert((at, offset(at - 1), offset(at))) || offset(at - 1) == offset(at) {
                continue;
            }
            n_changes += 1;
            let clock = zone.to_datetime(change.timestamp());
            for ahead in [-90, -60, -30, 0, 30] {
                let time = clock + jiff::Span::new().minutes(ahead);
                let rule = format!("{} {} * * *", time.minute(), time.hour());
                let cron = Cron::parse(&rule).unwrap();
                for dst in &policies {
                    let span = (at - 100_800, at + 100_800);
                    let wanted = by_minutes(time.hour(), time.minute(), &zone, span, *dst);
                    let mut found = Vec::new();
                    let mut after = DateTime::from_timestamp(span.0 - 1, 0).unwrap();
                    while let Some(next) =
                        cron.next_with(after, &zone, *dst).filter(|n| n.timestamp() <= span.1)
                    {
                        found.push(next.timestamp());
                        after = next;
                    }
                    assert_eq!(found, wanted, "{} at {clock}: {rule} {dst:?}", name.as_str());
                }
            }
        }
    }
    assert!(n_zones > 100 && n_changes > 20, "{n_zones} zones, {n_changes} changes");
}
