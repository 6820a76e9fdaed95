//! What can be read off a text without understanding it: dates, times, numbers, e-mails, phones, names.

use chrono::{Datelike, Days, NaiveDate};
use regex::Regex;
use std::sync::LazyLock;

/// A text with what was found in it.
pub(crate) struct Text {
    pub(crate) whole: String,
    pub(crate) date: Option<NaiveDate>,
    /// `HH:MM`.
    pub(crate) time: Option<String>,
    pub(crate) email: Option<String>,
    /// Digits, with the leading plus if it was written.
    pub(crate) phone: Option<String>,
    pub(crate) name: Option<String>,
    /// The text in lower case, without what was read as date, time, e-mail or phone, number words as digits.
    rest: String,
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns below are correct")
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| regex(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| regex(r"\+?\d[\d -]{6,18}\d"));
static ISO_DATE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d{4}-\d{2}-\d{2}\b"));
static RELATIVE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\b(day after tomorrow|pasado mañana|tomorrow|mañana|kesho|today|tonight|hoy|leo)\b")
});
static WEEKDAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(monday|tuesday|wednesday|thursday|friday|saturday|sunday|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b",
    )
});
static CLOCK: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\b(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)\b|\b(\d{1,2}):(\d{2})\b"));
static NOON: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(noon|mediodía)\b"));
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:my name is|i am called|i am|i['’]m|this is|me llamo|mi nombre es|soy|jina langu ni|naitwa)\s+((?:\p{L}[\p{L}'’-]*\s*){1,3})",
    )
});
static ONLY_NAME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^\s*(\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+){0,2})\s*[.!]?\s*$"));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"\d+(?:\.\d+)?"));
static NUMBER_WORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b")
});

const NUMBER_WORDS: [&str; 12] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
];

/// Words that end a name, or show that what follows "I am" is none.
const NO_NAME: [&str; 30] = [
    "a",
    "an",
    "and",
    "at",
    "but",
    "calling",
    "coming",
    "de",
    "fine",
    "for",
    "from",
    "going",
    "here",
    "i",
    "in",
    "interested",
    "la",
    "looking",
    "my",
    "not",
    "ok",
    "on",
    "ready",
    "so",
    "sorry",
    "the",
    "trying",
    "want",
    "writing",
    "y",
];

/// Greetings that stand alone with a capital letter, and are no names.
const GREETINGS: [&str; 14] = [
    "hello", "hi", "hey", "hola", "habari", "yes", "no", "thanks", "thank", "ok", "book", "menu",
    "help", "stop",
];

impl Text {
    /// Reads a text; `today` is what "tomorrow" counts from.
    pub(crate) fn read(text: &str, today: NaiveDate) -> Text {
        let mut rest = text.to_owned();
        let email = take(&mut rest, &EMAIL);
        let date = date(&mut rest, today);
        let time = time(&mut rest);
        let phone = take(&mut rest, &PHONE);
        let phone = phone.map(|phone| phone.replace([' ', '-'], ""));
        let name = name(text);
        let rest = rest.to_lowercase();
        let rest = NUMBER_WORD.replace_all(&rest, |found: &regex::Captures<'_>| {
            let at = NUMBER_WORDS.iter().position(|word| *word == &found[0]);
            at.map_or(String::new(), |at| (at + 1).to_string())
        });
        let rest = rest.into_owned();
        Text { whole: text.trim().to_owned(), date, time, email, phone, name, rest }
    }

    /// Whether the text contains this word or phrase as such; `_` and `-` count as spaces.
    pub(crate) fn mentions(&self, phrase: &str) -> bool {
        let plain = |text: &str| {
            let is_word = |char: char| char.is_alphanumeric();
            let words = text.split(|char| !is_word(char)).filter(|word| !word.is_empty());
            format!(" {} ", words.collect::<Vec<_>>().join(" ").to_lowercase())
        };
        plain(&self.whole).contains(&plain(phrase))
    }

    /// The number that stands beside the property's own word, or else the first.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let stem = name.to_lowercase();
        let stem = regex::escape(stem.strip_suffix('s').unwrap_or(&stem));
        let beside = format!(r"(\d+(?:\.\d+)?)\s+{stem}|{stem}\w*[\s:=]+(\d+(?:\.\d+)?)");
        let beside = Regex::new(&beside).ok().filter(|_| !stem.is_empty());
        let found = beside.and_then(|beside| {
            let found = beside.captures(&self.rest)?;
            found.get(1).or_else(|| found.get(2)).map(|number| number.as_str().to_owned())
        });
        let first = || NUMBER.find(&self.rest).map(|number| number.as_str().to_owned());
        found.or_else(first)?.parse().ok()
    }

    /// What the text answers to a yes-or-no question; naming the property is a yes.
    pub(crate) fn yes_or_no(&self, name: &str) -> Option<bool> {
        let any = |words: &[&str]| words.iter().any(|word| self.mentions(word));
        if any(&["no", "not", "don't", "never", "hapana"]) {
            return Some(false);
        }
        let is_yes = any(&["yes", "yeah", "sure", "ok", "okay", "sí", "si", "ndiyo", "confirm"])
            || (!name.is_empty() && self.mentions(name));
        is_yes.then_some(true)
    }
}

/// Finds the pattern and blanks it, so that its digits are not read again as something else.
fn take(rest: &mut String, pattern: &Regex) -> Option<String> {
    let range = pattern.find(rest)?.range();
    let found = rest[range.clone()].to_owned();
    rest.replace_range(range, " ");
    Some(found)
}

fn date(rest: &mut String, today: NaiveDate) -> Option<NaiveDate> {
    if let Some(date) = take(rest, &ISO_DATE).and_then(|text| text.parse().ok()) {
        return Some(date);
    }
    if let Some(word) = take(rest, &RELATIVE) {
        let days = match word.to_lowercase().as_str() {
            "tomorrow" | "mañana" | "kesho" => 1,
            "day after tomorrow" | "pasado mañana" => 2,
            _ => 0,
        };
        return today.checked_add_days(Days::new(days));
    }
    let word = take(rest, &WEEKDAY)?.to_lowercase();
    let wanted = match word.as_str() {
        "monday" | "lunes" => 0,
        "tuesday" | "martes" => 1,
        "wednesday" | "miércoles" => 2,
        "thursday" | "jueves" => 3,
        "friday" | "viernes" => 4,
        "saturday" | "sábado" => 5,
        _ => 6,
    };
    // Said on a Thursday, "thursday" is the next one.
    let ahead = (wanted + 6 - u64::from(today.weekday().num_days_from_monday())) % 7 + 1;
    today.checked_add_days(Days::new(ahead))
}

fn time(rest: &mut String) -> Option<String> {
    let Some(found) = CLOCK.captures(rest) else {
        return take(rest, &NOON).map(|_| "12:00".to_owned());
    };
    let part = |at: usize| found.get(at).map(|part| part.as_str());
    let hour: u32 = part(1).or_else(|| part(4))?.parse().ok()?;
    let minute: u32 = part(2).or_else(|| part(5)).unwrap_or("0").parse().ok()?;
    let hour = match part(3).map(str::to_lowercase).as_deref() {
        Some("pm") if hour < 12 => hour + 12,
        Some("am") if hour == 12 => 0,
        _ => hour,
    };
    let range = found.get(0)?.range();
    rest.replace_range(range, " ");
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

fn name(text: &str) -> Option<String> {
    if let Some(found) = NAMED.captures(text) {
        let mut words = Vec::new();
        for word in found[1].split_whitespace() {
            let begins_small = word.starts_with(char::is_lowercase);
            let is_capital =
                words.first().is_some_and(|first: &&str| first.starts_with(char::is_uppercase));
            if NO_NAME.contains(&word.to_lowercase().as_str()) || (is_capital && begins_small) {
                break;
            }
            words.push(word);
        }
        return (!words.is_empty()).then(|| words.join(" "));
    }
    let found = ONLY_NAME.captures(text)?;
    let first = found[1].split_whitespace().next()?.to_lowercase();
    (!GREETINGS.contains(&first.as_str())).then(|| found[1].to_owned())
}
