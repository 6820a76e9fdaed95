//! Credentials at rest: sealed under a key that the database never sees.
//!
//! A sealed text is `nonce (24 bytes) | ciphertext | tag (16 bytes)`, XChaCha20-Poly1305. The row keeps the id of the key
//! beside it, so keys can be rotated: the first key of a ring seals, every key of it opens.
//!
//! **Invariant:** what a credential belongs to is authenticated with it (see [`Owner`]), so a row copied onto another
//! tenant, table or row does not open there.
//! **Invariant:** no error and no `Debug` of this module shows a key or a plaintext.

pub(crate) mod base64;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{collections::BTreeMap, fmt};
use uuid::Uuid;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
const NONCE_BYTES: usize = 24;

/// Why a credential cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The text of the keys is not of the form `id:base64,id:base64`, each of 32 bytes.
    #[error("key {0} of the ring is not of the form id:base64 with 32 bytes")]
    Ring(usize),
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
    /// It could not be sealed.
    #[error("cannot seal")]
    Seal,
    /// It was sealed under a key that this ring does not have.
    #[error("sealed under key `{0}`, which is not in the ring")]
    UnknownKey(String),
    /// It was changed, cut off, or belongs to something else.
    #[error("the sealed text is not authentic")]
    NotAuthentic,
}

/// What a credential belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Whose.
    pub tenant: Uuid,
    /// The table.
    pub table: &'a str,
    /// The row.
    pub id: Uuid,
    /// The fields that are sealed together.
    pub fields: &'a str,
}

impl Owner<'_> {
    /// What is authenticated beside the credential.
    pub fn aad(&self) -> Vec<u8> {
        format!("{}|{}|{}|{}", self.tenant, self.table, self.id, self.fields).into_bytes()
    }
}

/// Keys by id. The first one seals.
#[derive(Clone)]
pub struct Keyring {
    sealing: String,
    keys: BTreeMap<String, [u8; KEY_BYTES]>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("ids", &self.keys.keys()).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads `id:base64,id:base64`: the first key seals, all of them open.
    pub fn from_text(text: &str) -> Result<Self, SecretError> {
        let mut ring: Option<Self> = None;
        for (index, part) in text.trim().split(',').enumerate() {
            let (id, key) = read_key(part).ok_or(SecretError::Ring(index + 1))?;
            let ring =
                ring.get_or_insert_with(|| Self { sealing: id.clone(), keys: BTreeMap::new() });
            ring.keys.insert(id, key);
        }
        ring.ok_or(SecretError::Ring(1))
    }

    /// A ring with one new key.
    pub fn generate() -> Result<Self, SecretError> {
        let key = chacha20poly1305::Key::try_generate().map_err(|_| SecretError::Randomness)?;
        let id = format!("k{:08x}", Uuid::new_v4().as_fields().0);
        Ok(Self { sealing: id.clone(), keys: BTreeMap::from([(id, key.into())]) })
    }

    /// As [`from_text`](Self::from_text) reads it, for a file that only its owner can read.
    pub fn to_text(&self) -> String {
        let others = self.keys.keys().filter(|id| **id != self.sealing);
        let ids = std::iter::once(&self.sealing).chain(others);
        let parts =
            ids.filter_map(|id| Some(format!("{id}:{}", base64::encode(self.keys.get(id)?))));
        parts.collect::<Vec<_>>().join(",")
    }

    /// Seals under the ring's first key; the sealed text and the key's id.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Result<(Vec<u8>, String), SecretError> {
        let cipher = self.cipher(&self.sealing)?;
        let nonce = XNonce::try_generate().map_err(|_| SecretError::Randomness)?;
        let sealed =
            cipher.encrypt(&nonce, Payload { msg: plain, aad }).map_err(|_| SecretError::Seal)?;
        Ok(([nonce.as_slice(), &sealed].concat(), self.sealing.clone()))
    }

    /// Opens what was sealed for the same `aad` under the key named.
    pub fn open(&self, aad: &[u8], sealed: &[u8], key_id: &str) -> Result<Vec<u8>, SecretError> {
        let cipher = self.cipher(key_id)?;
        let (nonce, text) =
            sealed.split_at_checked(NONCE_BYTES).ok_or(SecretError::NotAuthentic)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| SecretError::NotAuthentic)?;
        cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: text, aad })
            .map_err(|_| SecretError::NotAuthentic)
    }

    /// A key for another purpose from each key of the ring, the sealing one first. None tells anything of the ring.
    pub(crate) fn derive(&self, purpose: &[u8]) -> Vec<[u8; KEY_BYTES]> {
        let others = self.keys.iter().filter(|(id, _)| **id != self.sealing).map(|(_, key)| key);
        let keys = self.keys.get(&self.sealing).into_iter().chain(others);
        let derived = keys.filter_map(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(purpose);
            Some(mac.finalize().into_bytes().into())
        });
        derived.collect()
    }

    fn cipher(&self, id: &str) -> Result<XChaCha20Poly1305, SecretError> {
        let key = self.keys.get(id).ok_or_else(|| SecretError::UnknownKey(id.to_owned()))?;
        Ok(XChaCha20Poly1305::new(&(*key).into()))
    }
}

fn read_key(part: &str) -> Option<(String, [u8; KEY_BYTES])> {
    let (id, key) = part.trim().split_once(':')?;
    let key = <[u8; KEY_BYTES]>::try_from(base64::decode(key.trim())?).ok()?;
    (!id.is_empty()).then(|| (id.to_owned(), key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Owner<'_> =
        Owner { tenant: Uuid::nil(), table: "channel", id: Uuid::max(), fields: "secrets" };

    #[test]
    fn opens_only_what_is_whole_and_in_its_place() {
        let ring = Keyring::generate().unwrap();
        let (sealed, key_id) = ring.seal(&OWNER.aad(), b"token").unwrap();
        assert_eq!(ring.open(&OWNER.aad(), &sealed, &key_id).unwrap(), b"token");
        let elsewhere = [
            Owner { tenant: Uuid::max(), ..OWNER },
            Owner { table: "connection", ..OWNER },
            Owner { id: Uuid::nil(), ..OWNER },
            Owner { fields: "token", ..OWNER },
        ];
        for owner in elsewhere {
            let opened = ring.open(&owner.aad(), &sealed, &key_id);
            assert_eq!(opened, Err(SecretError::NotAuthentic), "{owner:?}");
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(ring.open(&OWNER.aad(), &changed, &key_id), Err(SecretError::NotAuthentic));
            assert!(ring.open(&OWNER.aad(), &sealed[..at], &key_id).is_err());
        }
        assert_ne!(ring.seal(&OWNER.aad(), b"token").unwrap().0, sealed);
    }

    #[test]
    fn keys_rotate() {
        let (old, new) = (Keyring::generate().unwrap(), Keyring::generate().unwrap());
        let (sealed, key_id) = old.seal(&OWNER.aad(), b"token").unwrap();
        let both = Keyring::from_text(&format!("{},{}", new.to_text(), old.to_text())).unwrap();
        assert_eq!(both.open(&OWNER.aad(), &sealed, &key_id).unwrap(), b"token");
        assert_ne!(both.seal(&OWNER.aad(), b"token").unwrap().1, key_id);
        let missing = new.open(&OWNER.aad(), &sealed, &key_id);
        assert_eq!(missing, Err(SecretError::UnknownKey(key_id)));
        assert_eq!(Keyring::from_text(&both.to_text()).unwrap().to_text(), both.to_text());
    }

    #[test]
    fn refuses_what_is_no_ring() {
        for text in ["", "a", "a:", ":AAAA", "a:AAAA", "a:####", "a:AAAA,b:AAAA"] {
            assert_eq!(Keyring::from_text(text).unwrap_err(), SecretError::Ring(1), "{text}");
        }
        let shown = format!("{:?}", Keyring::from_text(&format!("a:{}=", "A".repeat(43))).unwrap());
        assert_eq!(shown, r#"Keyring { ids: ["a"], .. }"#);
    }
}
