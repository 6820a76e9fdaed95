//! API keys: `pd_live_<8 characters>_<43 characters>`, of 62 letters and digits.

use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

const START: &str = "pd_live_";
const PREFIX_CHARS: usize = 8;
const SECRET_CHARS: usize = 43;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The largest multiple of 62 in a byte: bytes from here on would prefer some letters.
const FAIR_BELOW: u8 = 248;

/// A key of the right form. Prints as its prefix.
pub(super) struct Key(String);

impl Key {
    /// Draws one: 256 bits of the operating system's randomness.
    pub(super) fn draw() -> Self {
        let mut letters = String::with_capacity(PREFIX_CHARS + SECRET_CHARS);
        while letters.len() < PREFIX_CHARS + SECRET_CHARS {
            letters.extend(noise().iter().filter(|b| **b < FAIR_BELOW).map(|b| letter(*b)));
        }
        let (prefix, rest) = letters.split_at(PREFIX_CHARS);
        Self(format!("{START}{prefix}_{}", &rest[..SECRET_CHARS]))
    }

    /// Reads one; `None` if it has not the form of a key.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (prefix, secret) = text.strip_prefix(START)?.split_once('_')?;
        let is_fine = |part: &str, n: usize| {
            part.len() == n && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        (is_fine(prefix, PREFIX_CHARS) && is_fine(secret, SECRET_CHARS))
            .then(|| Self(text.to_owned()))
    }

    /// The part that may be shown.
    pub(super) fn prefix(&self) -> &str {
        &self.0[START.len()..START.len() + PREFIX_CHARS]
    }

    /// What is stored. The key has more entropy than the hash, so there is nothing to stretch or salt.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The key itself, for the one time it is shown.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}…)", self.prefix())
    }
}

fn letter(byte: u8) -> char {
    char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])
}

/// 256 bits. A random UUID has 122 of them.
fn noise() -> [u8; 32] {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(Uuid::new_v4());
    }
    hash.finalize().into()
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
pub(super) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_keys_parse_and_differ() {
        let (one, two) = (Key::draw(), Key::draw());
        assert_ne!(one.hash(), two.hash());
        assert!(!format!("{one:?}").contains(&one.0[17..]));
        let text = one.into_text();
        assert_eq!(text.len(), 60);
        assert!(Key::parse(&text).is_some());
    }

    #[test]
    fn other_forms_are_refused() {
        let secret = "A".repeat(SECRET_CHARS);
        for (text, wanted) in [
            (format!("pd_live_abcdefgh_{secret}"), true),
            (format!("pd_test_abcdefgh_{secret}"), false),
            (format!("pd_live_abcdefg_{secret}"), false),
            (format!("pd_live_abcdefgh_{secret}A"), false),
            (format!("pd_live_abcdefgh_{}é", &secret[2..]), false),
            (String::new(), false),
        ] {
            assert_eq!(Key::parse(&text).is_some(), wanted, "{text}");
        }
    }

    #[test]
    fn equality() {
        for (a, b, wanted) in [("ab", "ab", true), ("ab", "ac", false), ("ab", "abc", false)] {
            assert_eq!(equal(a.as_bytes(), b.as_bytes()), wanted);
        }
    }
}
