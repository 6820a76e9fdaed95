//! The text of a rule to what the package `cron` reads: six fields, each a list of plain numbers.
//!
//! **Invariant:** every number in the lists is in the range of its field, so the package has nothing to refuse.

use std::collections::BTreeSet;

/// Longest rule read, in bytes: every number of every field fits.
const RULE_BYTES_MAX: usize = 512;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Rules that have a name.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// One of the six.
struct Field {
    name: &'static str,
    least: u32,
    greatest: u32,
    words: &'static [&'static str],
    /// The number of the first word.
    first_word: u32,
}

const fn plain(name: &'static str, least: u32, greatest: u32) -> Field {
    Field { name, least, greatest, words: &[], first_word: 0 }
}

const FIELDS: [Field; 6] = [
    plain("second", 0, 59),
    plain("minute", 0, 59),
    plain("hour", 0, 23),
    plain("day of the month", 1, 31),
    Field { name: "month", least: 1, greatest: 12, words: &MONTHS, first_word: 1 },
    Field { name: "day of the week", least: 0, greatest: 7, words: &DAYS, first_word: 0 },
];

/// A rule as the package reads it.
pub(super) struct Rule {
    /// One, or two of which either is enough.
    pub(super) schedules: Vec<String>,
    /// Whether hour or minute has a `*` or a step.
    pub(super) is_interval: bool,
}

/// Reads a rule; the error is a sentence for people.
pub(super) fn read(rule: &str) -> Result<Rule, String> {
    if rule.len() > RULE_BYTES_MAX {
        return Err(format!("a cron rule is at most {RULE_BYTES_MAX} characters long"));
    }
    let trimmed = rule.trim();
    let text = match trimmed.starts_with('@') {
        true => named(trimmed)?,
        false => trimmed,
    };
    let mut texts: Vec<&str> = text.split_ascii_whitespace().collect();
    match texts.len() {
        5 => texts.insert(0, "0"),
        6 => {}
        n => {
            return Err(format!(
                "a cron rule has 5 fields (minute hour day month weekday), or 6 with seconds first; `{trimmed}` has {n}"
            ));
        }
    }
    let mut numbers = Vec::new();
    for (field, text) in FIELDS.iter().zip(&texts) {
        numbers.push(field.read(text)?);
    }
    let is_free = |at: usize| matches!(texts.get(at), Some(&"*" | &"?"));
    let list = |at: usize| match numbers.get(at) {
        Some(numbers) if !is_free(at) => listed(at, numbers),
        _ => "*".to_owned(),
    };
    let line = |day: String, weekday: String| {
        format!("{} {} {} {day} {} {weekday}", list(0), list(1), list(2), list(4))
    };
    let schedules = match is_free(3) || is_free(5) {
        true => vec![line(list(3), list(5))],
        false => vec![line(list(3), "*".into()), line("*".into(), list(5))],
    };
    let is_interval = texts[1..=2].iter().any(|text| text.contains(['*', '/']));
    Ok(Rule { schedules, is_interval })
}

fn named(name: &str) -> Result<&'static str, String> {
    let known = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, rule)| *rule).ok_or_else(|| {
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        format!("there is no cron rule called `{name}`; there are {}", names.join(", "))
    })
}

/// As the package writes them: its Sunday is 1.
fn listed(at: usize, numbers: &BTreeSet<u32>) -> String {
    let is_weekday = at == 5;
    let text = |n: &u32| if is_weekday { (n % 7 + 1).to_string() } else { n.to_string() };
    let unique: BTreeSet<String> = numbers.iter().map(text).collect();
    unique.into_iter().collect::<Vec<_>>().join(",")
}

impl Field {
    /// The numbers a field names: a list of parts.
    fn read(&self, text: &str) -> Result<BTreeSet<u32>, String> {
        let mut numbers = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(self.step(step, part)?)),
                None => (part, None),
            };
            let (first, last) = self.range(range, step.is_some())?;
            numbers.extend((first..=last).step_by(step.unwrap_or(1)));
        }
        Ok(numbers)
    }

    fn range(&self, range: &str, has_step: bool) -> Result<(u32, u32), String> {
        // Sunday is 0 and 7; all days are seven.
        let greatest = if self.greatest == 7 { 6 } else { self.greatest };
        if range == "*" || (range == "?" && self.name.starts_with("day")) {
            return Ok((self.least, greatest));
        }
        let Some((first, last)) = range.split_once('-') else {
            let number = self.number(range)?;
            return Ok((number, if has_step { greatest.max(number) } else { number }));
        };
        let (first, mut last) = (self.number(first)?, self.number(last)?);
        // FRI-SUN: Sunday ends the week too.
        if self.greatest == 7 && last == 0 && first > 0 {
            last = 7;
        }
        match first <= last {
            true => Ok((first, last)),
            false => Err(format!("the {} `{range}` goes backwards; write two ranges", self.name)),
        }
    }

    fn step(&self, step: &str, part: &str) -> Result<usize, String> {
        match step.parse() {
            // `+2` is a number to Rust, and none to people who read rules.
            Ok(n) if (1..=self.greatest as usize).contains(&n) && !step.starts_with('+') => Ok(n),
            _ => Err(format!("the {} `{part}` has no step from 1 to {}", self.name, self.greatest)),
        }
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        if let Some(at) = word {
            return Ok(self.first_word + u32::try_from(at).unwrap_or_default());
        }
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        match number {
            Some(number) if (self.least..=self.greatest).contains(&number) => Ok(number),
            Some(_) => Err(format!(
                "the {} `{text}` is not from {} to {}",
                self.name, self.least, self.greatest
            )),
            None if text.contains(['L', 'W', '#', 'l', 'w']) && self.name.starts_with("day") => {
                Err(format!("the {} `{text}`: L, W and # are not known here", self.name))
            }
            None => Err(format!("the {} `{text}` cannot be read", self.name)),
        }
    }
}
