//! Currencies of ISO 4217: which there are, and how many digits their minor unit has.

/// Digits of those that have not two.
const DIGITS: [(u32, &str); 3] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// The codes in use, also those for tests and metals.
const CODES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
    CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD \
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL \
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON \
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XCD XCG XOF XPD XPF XPT XTS XXX YER ZAR ZMW ZWG";

/// Digits of the minor unit: 2 for USD. `None` for what does not look like a code.
pub(super) fn n_digits(code: &str) -> Option<u32> {
    is_code(code).then(|| {
        let row = DIGITS.iter().find(|(_, codes)| codes.split(' ').any(|known| known == code));
        row.map_or(2, |(n_digits, _)| *n_digits)
    })
}

/// Whether it looks like a code: three capital letters. Codes come and go, so at run time this is enough.
pub(super) fn is_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// What to say of something that is no code.
pub(super) fn refusal(code: &str) -> String {
    format!("`{}` is not a currency code like USD", super::time::clipped(code))
}

/// What is wrong with a code that is written out, if anything: at upload a code nobody knows is a slip.
pub(super) fn check(code: &str) -> Option<String> {
    if !is_code(code) {
        return Some(refusal(code));
    }
    if CODES.split_ascii_whitespace().any(|known| known == code) {
        return None;
    }
    let near = crate::suggest::nearest(code, CODES.split_ascii_whitespace());
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    Some(format!("there is no currency `{code}`{hint}"))
}
