//! Plural categories by CLDR's rules for the languages of `locale.rs`.
//!
//! A number is judged as it is shown: an int or a whole double has no visible fraction, a decimal has the digits it was
//! written with, so that "1 item" and "1.0 items" come out right in English.

use super::value::Val;

/// The forms a language may have, by CLDR's names. `other` is what every language has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PluralForm {
    /// Arabic: nought.
    Zero,
    /// One thing.
    One,
    /// Arabic: two things.
    Two,
    /// Arabic: 3 to 10.
    Few,
    /// Arabic: 11 to 99; Spanish, French and Portuguese: whole millions.
    Many,
    /// Everything else.
    Other,
}

impl PluralForm {
    /// Every form, in CLDR's order.
    pub const ALL: [Self; 6] =
        [Self::Zero, Self::One, Self::Two, Self::Few, Self::Many, Self::Other];

    /// CLDR's name, as in `{"one": "…", "other": "…"}`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::One => "one",
            Self::Two => "two",
            Self::Few => "few",
            Self::Many => "many",
            Self::Other => "other",
        }
    }

    /// The form called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// The forms a language distinguishes for whole numbers; texts need no others.
    pub fn of_language(language: &str) -> &'static [Self] {
        match language {
            "ar" => &Self::ALL,
            "es" | "fr" | "pt" => &[Self::One, Self::Many, Self::Other],
            _ => &[Self::One, Self::Other],
        }
    }
}

/// What CLDR's rules look at.
struct Operands {
    /// The whole part.
    whole: u64,
    /// Digits shown behind the point.
    n_digits: usize,
    /// Whether those are anything but zeros.
    has_fraction: bool,
}

impl Operands {
    /// `None` for what is no number, or one without end.
    fn of(value: &Val<'_>) -> Option<Self> {
        let shown = match value {
            Val::Int(n) => n.unsigned_abs().to_string(),
            Val::Uint(n) => n.to_string(),
            Val::Double(n) if n.is_finite() => n.abs().to_string(),
            Val::Decimal(n) => n.abs().to_string(),
            _ => return None,
        };
        let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
        // The rules look at the last digits of large numbers only.
        let tail = whole.len().saturating_sub(9);
        let mut number: u64 = whole[tail..].parse().ok()?;
        if tail > 0 {
            number += 1_000_000_000;
        }
        let has_fraction = fraction.bytes().any(|digit| digit != b'0');
        Some(Self { whole: number, n_digits: fraction.len(), has_fraction })
    }

    /// Whether it is exactly this whole number, whatever zeros are shown behind it.
    fn is(&self, n: u64) -> bool {
        self.whole == n && !self.has_fraction
    }

    fn is_millions(&self) -> bool {
        self.whole != 0 && self.whole.is_multiple_of(1_000_000) && self.n_digits == 0
    }
}

/// The form of `value` in the language of `tag`; `None` when it is no number.
pub(super) fn form_of(value: &Val<'_>, tag: &str) -> Option<PluralForm> {
    let n = Operands::of(value)?;
    let is_european = tag.eq_ignore_ascii_case("pt-PT");
    Some(match super::locale::language_of(tag) {
        "ar" => arabic(&n),
        "es" if n.is(1) => PluralForm::One,
        "pt" if is_european && n.is(1) && n.n_digits == 0 => PluralForm::One,
        "pt" if !is_european && n.whole <= 1 => PluralForm::One,
        "fr" if n.whole <= 1 => PluralForm::One,
        "es" | "fr" | "pt" if n.is_millions() => PluralForm::Many,
        "es" | "fr" | "pt" => PluralForm::Other,
        "sw" if n.is(1) => PluralForm::One,
        "sw" => PluralForm::Other,
        // English, German, and whatever English stands in for.
        _ if n.is(1) && n.n_digits == 0 => PluralForm::One,
        _ => PluralForm::Other,
    })
}

fn arabic(n: &Operands) -> PluralForm {
    let hundredth = n.whole % 100;
    match n.whole {
        _ if n.has_fraction => PluralForm::Other,
        0 => PluralForm::Zero,
        1 => PluralForm::One,
        2 => PluralForm::Two,
        _ if (3..=10).contains(&hundredth) => PluralForm::Few,
        _ if (11..=99).contains(&hundredth) => PluralForm::Many,
        _ => PluralForm::Other,
    }
}
