//! Signatures of webhooks.
//!
//! **Invariant:** fail closed. Without a secret, without a signature, or with two of them, nothing is verified.
//! **Invariant:** the signature is over the bytes as they came, and compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Whether `signature` (`sha256=<hex>`) is the HMAC-SHA256 of `body` under one of the secrets; during a rotation there are two.
pub(crate) fn is_signed<'a>(
    secrets: impl IntoIterator<Item = &'a str>,
    signature: Option<&str>,
    body: &[u8],
) -> bool {
    let Some(given) = signature.and_then(|text| text.strip_prefix("sha256=")).and_then(unhex)
    else {
        return false;
    };
    let mut is_signed = false;
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
            mac.update(body);
            is_signed |= mac.verify_slice(&given).is_ok();
        }
    }
    is_signed
}

/// Whether two secrets are equal, in a time that tells nothing about them.
pub(crate) fn is_same_secret(a: &str, b: &str) -> bool {
    let (a, b) = (Sha256::digest(a), Sha256::digest(b));
    a.iter().zip(b.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// The body with every half of a surrogate pair (`\ud83d` alone) replaced by the sign for what cannot be read. Phones cut
/// names in the middle of an emoji, and the other messages of the envelope are not to be lost for it.
pub(crate) fn without_halves(body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(first) = rest.first() {
        let len = match (escaped_unit(rest), rest.get(6..).and_then(escaped_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                whole.extend_from_slice(b"\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // An escaped backslash is no beginning of an escape.
            _ if *first == b'\\' => 2.min(rest.len()),
            _ => 1,
        };
        whole.extend_from_slice(&rest[..len]);
        rest = &rest[len..];
    }
    whole
}

/// The UTF-16 unit of the `\uXXXX` that the bytes begin with.
fn escaped_unit(bytes: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(bytes.strip_prefix(b"\\u")?.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"700001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","phone_number_id":"900001"},"contacts":[{"profile":{"name":"Asha"},"wa_id":"255700000001","user_id":"TZ.5550001"}],"messages":[{"from":"255700000001","from_user_id":"TZ.5550001","id":"wamid.TESTA1","timestamp":"1790000000","type":"text","text":{"body":"habari"}}]},"field":"messages"}]}]}"#;
    const HEX: &str = "a74a09d2e0d0bc3b7ca97813817a3295925ff186d1219cdfa7317546ae217c16";

    #[test]
    fn signatures() {
        let good = format!("sha256={HEX}");
        let cut = &good[..good.len() - 2];
        let spaced = BODY.replace("\":", "\": ");
        let cases: [(&[&str], Option<&str>, &str, bool); 11] = [
            (&["app-secret-1"], Some(&good), BODY, true),
            (&["other", "app-secret-1"], Some(&good), BODY, true),
            (&["app-secret-1"], Some(&good.to_uppercase().replace("SHA", "sha")), BODY, true),
            (&["other"], Some(&good), BODY, false),
            (&[], Some(&good), BODY, false),
            (&[""], Some(&good), BODY, false),
            (&["app-secret-1"], None, BODY, false),
            (&["app-secret-1"], Some(HEX), BODY, false),
            (&["app-secret-1"], Some(cut), BODY, false),
            (&["app-secret-1"], Some("sha256="), BODY, false),
            // The same JSON written differently is another body.
            (&["app-secret-1"], Some(&good), &spaced, false),
        ];
        for (secrets, signature, body, wanted) in cases {
            let verified = is_signed(secrets.iter().copied(), signature, body.as_bytes());
            assert_eq!(verified, wanted, "{secrets:?} {signature:?}");
        }
    }

    #[test]
    fn secrets() {
        for (a, b, wanted) in [("vt1", "vt1", true), ("vt1", "vt2", false), ("", "vt1", false)] {
            assert_eq!(is_same_secret(a, b), wanted);
        }
    }

    #[test]
    fn halves() {
        for (body, wanted) in [
            (r#"{"a":"x"}"#, r#"{"a":"x"}"#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00\n""#, r#""\ufffd\ud83d\ude00\n""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d"#, r#""\\\ufffd"#),
            ("\\", "\\"),
        ] {
            assert_eq!(without_halves(body.as_bytes()), wanted.as_bytes(), "{body}");
        }
    }
}
