//! What differs between languages: names of months and days, date patterns, separators, symbols, words between the items
//! of a list. Plural rules are in `plural.rs`.
//!
//! English stands in for languages that are not here. Digits are Latin everywhere, Arabic included: CLDR has Latin digits
//! for the Arabic of the Maghreb, customers of every country read them, and what a customer is shown can be typed and
//! copied back. Eastern digits that a customer types are read (`phone`).

/// A language, and the region of the tag it was found by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Locale<'t> {
    pub(super) language: &'static Language,
    /// Upper-case letters after the dash, e.g. `MX`; empty without.
    region: &'t str,
}

/// Names and patterns of one language. Weeks start on Monday.
#[derive(Debug)]
pub(super) struct Language {
    code: &'static str,
    pub(super) months: [&'static str; 12],
    pub(super) months_short: [&'static str; 12],
    pub(super) weekdays: [&'static str; 7],
    pub(super) weekdays_short: [&'static str; 7],
    /// Yesterday, today, tomorrow.
    pub(super) days: [&'static str; 3],
    pub(super) halves: [&'static str; 2],
    /// Before the last item of a list: and, or.
    joints: [&'static str; 2],
    medium: &'static str,
    long: &'static str,
}

/// The language part of a tag: `es` of `es-MX`.
pub(super) fn language_of(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

impl<'t> Locale<'t> {
    /// The closest there is to `tag`.
    pub(super) fn of(tag: &'t str) -> Self {
        let code = language_of(tag);
        let language = LANGUAGES.iter().find(|language| language.code.eq_ignore_ascii_case(code));
        Self {
            language: language.unwrap_or(&LANGUAGES[0]),
            region: tag.get(code.len() + 1..).unwrap_or_default(),
        }
    }

    fn is_in(&self, regions: &[&str]) -> bool {
        regions.iter().any(|region| region.eq_ignore_ascii_case(self.region))
    }

    /// The pattern behind a style name.
    pub(super) fn pattern(&self, style: &str) -> Option<&'static str> {
        let is_us = self.language.code == "en" && self.is_in(&["US"]);
        Some(match style {
            "short" if is_us => "M/d/yyyy",
            "short" if self.language.code == "de" => "dd.MM.yyyy",
            "short" => "dd/MM/yyyy",
            "medium" if is_us => "MMM d, yyyy",
            "medium" => self.language.medium,
            "long" if is_us => "MMMM d, yyyy",
            "long" => self.language.long,
            "time" if is_us || self.language.code == "ar" => "h:mm a",
            "time" => "HH:mm",
            _ => return None,
        })
    }

    /// Between thousands, and before the fraction.
    pub(super) fn separators(&self) -> (char, char) {
        match self.language.code {
            "es" if self.is_in(&POINT_REGIONS) => (',', '.'),
            "fr" => ('\u{202f}', ','),
            "es" | "pt" | "de" => ('.', ','),
            _ => (',', '.'),
        }
    }

    /// Whether the symbol of this currency stands after the amount.
    pub(super) fn is_symbol_last(&self, currency: &str) -> bool {
        match self.language.code {
            "es" | "pt" => currency == "EUR",
            "de" | "fr" => true,
            _ => false,
        }
    }

    /// What stands before an item of a list that is not the first: a comma, or the word before the last.
    pub(super) fn between(&self, (is_and, is_last, n): (bool, bool, usize), item: &str) -> String {
        let comma = if self.language.code == "ar" { "، " } else { ", " };
        if !is_last {
            // In Arabic every item is joined by the word.
            return match (self.language.code, is_and) {
                ("ar", true) => " و".into(),
                ("ar", false) => " أو ".into(),
                _ => comma.into(),
            };
        }
        let [and, or] = self.language.joints;
        let start = item.trim_start().to_lowercase();
        let word = match (self.language.code, is_and) {
            // "padre e hijo", but "agua y hielo".
            ("es", true) if start.starts_with('i') || start.starts_with("hi") => {
                let is_glide = ["hia", "hie", "hio"].iter().any(|glide| start.starts_with(glide));
                if is_glide { and } else { "e" }
            }
            ("es", false) if ["o", "ho", "8"].iter().any(|o| start.starts_with(o)) => "u",
            (_, true) => and,
            (_, false) => or,
        };
        match self.language.code {
            "ar" if is_and => format!(" {word}"),
            // With three or more, Americans put a comma there too.
            "en" if n > 2 && self.is_in(&["US"]) => format!(", {word} "),
            _ => format!(" {word} "),
        }
    }

    /// Symbol of a currency; its code when it has none. A dollar of another country says which.
    pub(super) fn symbol<'c>(&self, code: &'c str) -> &'c str {
        match CURRENCIES.iter().find(|(known, ..)| *known == code) {
            Some((_, "$", full, home)) => {
                let is_foreign = !self.region.is_empty() && !self.is_in(home);
                if is_foreign { full } else { "$" }
            }
            Some((_, symbol, ..)) => symbol,
            None => code,
        }
    }
}

/// Spanish with a decimal point.
const POINT_REGIONS: [&str; 11] =
    ["MX", "GT", "HN", "NI", "PA", "PE", "PR", "SV", "DO", "US", "419"];

/// Code, symbol, symbol abroad, home regions. The rest have their code as symbol.
#[rustfmt::skip]
const CURRENCIES: [(&str, &str, &str, &[&str]); 31] = [
    ("USD", "$", "US$", &["US", "EC", "SV", "PA", "PR"]), ("MXN", "$", "MX$", &["MX"]),
    ("COP", "$", "COL$", &["CO"]), ("ARS", "$", "AR$", &["AR"]), ("CLP", "$", "CLP$", &["CL"]),
    ("CAD", "$", "CA$", &["CA"]), ("AUD", "$", "A$", &["AU"]), ("UYU", "$", "UY$", &["UY"]),
    ("EUR", "€", "€", &[]), ("GBP", "£", "£", &[]), ("JPY", "¥", "¥", &[]),
    ("KRW", "₩", "₩", &[]), ("INR", "₹", "₹", &[]), ("BRL", "R$", "R$", &[]),
    ("PEN", "S/", "S/", &[]), ("NGN", "₦", "₦", &[]), ("KES", "KSh", "KSh", &[]),
    ("TZS", "TSh", "TSh", &[]), ("UGX", "USh", "USh", &[]), ("RWF", "RF", "RF", &[]),
    ("GHS", "GH₵", "GH₵", &[]), ("ZAR", "R", "R", &[]), ("PYG", "₲", "₲", &[]),
    ("KWD", "KWD", "KWD", &[]), ("BHD", "BHD", "BHD", &[]), ("XAF", "FCFA", "FCFA", &[]),
    ("NZD", "$", "NZ$", &["NZ"]), ("PHP", "₱", "₱", &[]), ("TRY", "₺", "₺", &[]), ("ETB", "Br", "Br", &[]),
    ("CNY", "CN¥", "CN¥", &[]),
];

#[rustfmt::skip]
static LANGUAGES: [Language; 7] = [
    Language {
        code: "en",
        months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December"],
        months_short: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        weekdays_short: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        days: ["yesterday", "today", "tomorrow"],
        halves: ["AM", "PM"],
        joints: ["and", "or"],
        medium: "d MMM yyyy",
        long: "d MMMM yyyy",
    },
    Language {
        code: "es",
        months: ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
            "noviembre", "diciembre"],
        months_short: ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"],
        weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
        weekdays_short: ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
        days: ["ayer", "hoy", "mañana"],
        halves: ["a. m.", "p. m."],
        joints: ["y", "o"],
        medium: "d MMM yyyy",
        long: "d 'de' MMMM 'de' yyyy",
    },
    Language {
        code: "pt",
        months: ["janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
            "novembro", "dezembro"],
        months_short: ["jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."],
        weekdays: ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"],
        weekdays_short: ["seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."],
        days: ["ontem", "hoje", "amanhã"],
        halves: ["AM", "PM"],
        joints: ["e", "ou"],
        medium: "d 'de' MMM 'de' yyyy",
        long: "d 'de' MMMM 'de' yyyy",
    },
    Language {
        code: "sw",
        months: ["Januari", "Februari", "Machi", "Aprili", "Mei", "Juni", "Julai", "Agosti", "Septemba", "Oktoba",
            "Novemba", "Desemba"],
        months_short: ["Jan", "Feb", "Mac", "Apr", "Mei", "Jun", "Jul", "Ago", "Sep", "Okt", "Nov", "Des"],
        weekdays: ["Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"],
        weekdays_short: ["Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"],
        days: ["jana", "leo", "kesho"],
        halves: ["AM", "PM"],
        joints: ["na", "au"],
        medium: "d MMM yyyy",
        long: "d MMMM yyyy",
    },
    Language {
        code: "ar",
        months: ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر",
            "ديسمبر"],
        months_short: ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر",
            "نوفمبر", "ديسمبر"],
        weekdays: ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
        weekdays_short: ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
        days: ["أمس", "اليوم", "غدًا"],
        halves: ["ص", "م"],
        joints: ["و", "أو"],
        medium: "d MMM yyyy",
        long: "d MMMM yyyy",
    },
    Language {
        code: "fr",
        months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
            "novembre", "décembre"],
        months_short: ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
        weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        weekdays_short: ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
        days: ["hier", "aujourd’hui", "demain"],
        halves: ["AM", "PM"],
        joints: ["et", "ou"],
        medium: "d MMM yyyy",
        long: "d MMMM yyyy",
    },
    Language {
        code: "de",
        months: ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
            "November", "Dezember"],
        months_short: ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."],
        weekdays: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        weekdays_short: ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."],
        days: ["gestern", "heute", "morgen"],
        halves: ["AM", "PM"],
        joints: ["und", "oder"],
        medium: "dd.MM.yyyy",
        long: "d. MMMM yyyy",
    },
];
