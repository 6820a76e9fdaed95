//! What differs between languages: names of months and days, date patterns, separators, currencies. Data only.
//!
//! English stands in for languages that are not here. Digits are Latin everywhere, Arabic included.

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
            "es" | "pt" => ('.', ','),
            _ => (',', '.'),
        }
    }

    /// Whether the symbol of this currency stands after the amount.
    pub(super) fn is_symbol_last(&self, currency: &str) -> bool {
        currency == "EUR" && matches!(self.language.code, "es" | "pt")
    }

    /// Symbol and number of decimals of a currency. A dollar of another country says which.
    pub(super) fn currency<'c>(&self, code: &'c str) -> (&'c str, usize) {
        match CURRENCIES.iter().find(|(known, ..)| *known == code) {
            Some((_, "$", full, home, decimals)) => {
                let is_foreign = !self.region.is_empty() && !self.is_in(home);
                (if is_foreign { full } else { "$" }, *decimals)
            }
            Some((_, symbol, _, _, decimals)) => (symbol, *decimals),
            None => (code, 2),
        }
    }
}

/// Spanish with a decimal point.
const POINT_REGIONS: [&str; 11] =
    ["MX", "GT", "HN", "NI", "PA", "PE", "PR", "SV", "DO", "US", "419"];

/// Code, symbol, symbol abroad, home regions, decimals. The rest have their code as symbol and two decimals.
#[rustfmt::skip]
const CURRENCIES: [(&str, &str, &str, &[&str], usize); 26] = [
    ("USD", "$", "US$", &["US", "EC", "SV", "PA", "PR"], 2), ("MXN", "$", "MX$", &["MX"], 2),
    ("COP", "$", "COL$", &["CO"], 2), ("ARS", "$", "AR$", &["AR"], 2), ("CLP", "$", "CLP$", &["CL"], 0),
    ("CAD", "$", "CA$", &["CA"], 2), ("AUD", "$", "A$", &["AU"], 2), ("UYU", "$", "UY$", &["UY"], 2),
    ("EUR", "€", "€", &[], 2), ("GBP", "£", "£", &[], 2), ("JPY", "¥", "¥", &[], 0),
    ("KRW", "₩", "₩", &[], 0), ("INR", "₹", "₹", &[], 2), ("BRL", "R$", "R$", &[], 2),
    ("PEN", "S/", "S/", &[], 2), ("NGN", "₦", "₦", &[], 2), ("KES", "KSh", "KSh", &[], 2),
    ("TZS", "TSh", "TSh", &[], 2), ("UGX", "USh", "USh", &[], 0), ("RWF", "RF", "RF", &[], 0),
    ("GHS", "GH₵", "GH₵", &[], 2), ("ZAR", "R", "R", &[], 2), ("PYG", "₲", "₲", &[], 0),
    ("KWD", "KWD", "KWD", &[], 3), ("BHD", "BHD", "BHD", &[], 3), ("XAF", "FCFA", "FCFA", &[], 0),
];

#[rustfmt::skip]
static LANGUAGES: [Language; 5] = [
    Language {
        code: "en",
        months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December"],
        months_short: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        weekdays_short: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        days: ["yesterday", "today", "tomorrow"],
        halves: ["AM", "PM"],
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
        medium: "d MMM yyyy",
        long: "d MMMM yyyy",
    },
];
