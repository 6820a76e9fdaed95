//! Ids that are derived, so that computing a turn again gives the same ones.

use machine::CommandId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bytes of the hash that a step's key tells.
const KEY_BYTES: usize = 16;

/// The shard of an instance: that of its conversation, if it runs in one, so that a conversation has one owner.
pub fn shard_of(instance: Uuid, conversation: Option<Uuid>) -> i16 {
    // The last byte of a version 4, 5 or 7 id is random: as good as a hash.
    i16::from(conversation.unwrap_or(instance).as_bytes()[15])
}

/// The id of the child that a command starts.
pub fn child_id(parent: Uuid, command: CommandId) -> Uuid {
    Uuid::new_v5(&parent, command.to_string().as_bytes())
}

/// The idempotency key of a step: the same for each of its tries, and for no other step.
pub fn step_key(tenant: Uuid, instance: Uuid, command: CommandId) -> String {
    let mut buffer = uuid::Uuid::encode_buffer();
    let mut hash = Sha256::new();
    hash.update(tenant.hyphenated().encode_lower(&mut buffer));
    hash.update("|");
    hash.update(instance.hyphenated().encode_lower(&mut buffer));
    hash.update("|");
    hash.update(command.to_string());
    let mut key = String::with_capacity(3 + 2 * KEY_BYTES);
    key.push_str("pd-");
    push_hex(&mut key, &hash.finalize()[..KEY_BYTES]);
    key
}

/// Equal for incidents with the same cause: numbers and quoted parts of the message do not count.
pub(crate) fn fingerprint(parts: [&str; 3], message: &str) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(normalise(message).as_bytes());
    hex(&hash.finalize())[..16].to_owned()
}

/// A message without what differs from one instance to the next.
fn normalise(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    let mut quote = None;
    for c in message.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') => {
                quote = Some(c);
                plain.push('?');
            }
            None if c.is_ascii_digit() => {
                if !plain.ends_with('#') {
                    plain.push('#');
                }
            }
            None => plain.push(c),
        }
    }
    plain
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_cause_same_fingerprint() {
        let cases = [
            ("no such field `phone`", "no such field `email`", true),
            ("answered 503 after 12 ms", "answered 502 after 7 ms", true),
            ("no such field `phone`", "wrong type `phone`", false),
        ];
        for (a, b, equal) in cases {
            let print = |message| fingerprint(["booking", "expression", "ask"], message);
            assert_eq!(print(a) == print(b), equal, "{a} / {b}");
        }
    }

    #[test]
    fn keys_are_stable_and_distinct() {
        let (tenant, instance) = (Uuid::nil(), Uuid::max());
        let key = |seq, index| step_key(tenant, instance, CommandId { seq, index });
        assert_eq!(key(1, 0), key(1, 0));
        assert_ne!(key(1, 0), key(1, 1));
        assert_ne!(key(1, 11), key(11, 1));
        // It is told to providers, and must not change between releases.
        assert_eq!(key(1, 0), "pd-0e1e6862d5defb5b92185fcc48751902");
    }
}
