//! Resume links: addresses at which the outside reaches one instance without a credential, because the workflow gave it the
//! address. Every instance knows its own as `scope.instance.resume`.
//!
//! A token is base64url of `tenant (16 bytes) | instance (16) | tag (16)`; the tag is HMAC-SHA256 over the first 32, cut off,
//! under a key derived from the keyring. Nothing of it is stored: a token is as good as the key it was made with, and keys
//! rotate as those of credentials do (the first one signs, every one of the ring verifies).
//!
//! **Invariant:** a token is compared in constant time, and there is one text for each instance and key.
//! **Invariant:** a token names its tenant under the tag, so it opens nothing of another.

use crate::secret::{Keyring, base64};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// Where the links lead, below the public address.
pub const PATH: &str = "/hooks/resume";
/// What the derived key is for; another purpose has another key.
const PURPOSE: &[u8] = b"perdure resume link 1";
/// Bytes of tenant and instance.
const NAMED_BYTES: usize = 32;
/// Bytes of a tag: what cannot be guessed.
const TAG_BYTES: usize = 16;

/// Makes resume links, and reads them. Cheap to clone.
#[derive(Clone)]
pub struct ResumeLinks(Arc<Links>);

struct Links {
    /// The public address, without a slash at its end.
    public_url: String,
    /// The first one signs.
    keys: Vec<[u8; 32]>,
}

impl fmt::Debug for ResumeLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeLinks")
            .field("public_url", &self.0.public_url)
            .finish_non_exhaustive()
    }
}

impl ResumeLinks {
    /// Links below this address (`https://flows.example.com`), under keys of the ring.
    pub fn new(public_url: &str, ring: &Keyring) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self(Arc::new(Links { public_url, keys: ring.derive(PURPOSE) }))
    }

    /// The link of an instance; a name is appended to it as one more segment.
    pub fn link(&self, tenant: Uuid, instance: Uuid) -> String {
        format!("{}{PATH}/{}", self.0.public_url, self.token(tenant, instance))
    }

    /// Tenant and instance of a token; `None` for whatever is wrong with it.
    pub fn read(&self, token: &str) -> Option<(Uuid, Uuid)> {
        if token.contains(['+', '/', '=']) {
            return None;
        }
        let bytes = base64::decode(&token.replace('-', "+").replace('_', "/"))?;
        let (named, tag) = bytes.split_at_checked(NAMED_BYTES)?;
        if tag.len() != TAG_BYTES {
            return None;
        }
        let is_signed = |key: &[u8; 32]| {
            mac(key, named).is_some_and(|mac| mac.verify_truncated_left(tag).is_ok())
        };
        if !self.0.keys.iter().any(is_signed) {
            return None;
        }
        let (tenant, instance) = named.split_at(NAMED_BYTES / 2);
        Some((Uuid::from_slice(tenant).ok()?, Uuid::from_slice(instance).ok()?))
    }

    /// The public address.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }

    pub(crate) fn token(&self, tenant: Uuid, instance: Uuid) -> String {
        let mut bytes = [tenant.as_bytes().as_slice(), instance.as_bytes()].concat();
        let tag = self.0.keys.first().and_then(|key| mac(key, &bytes));
        bytes
            .extend(tag.iter().flat_map(|mac| mac.clone().finalize().into_bytes()).take(TAG_BYTES));
        base64::encode(&bytes).replace('+', "-").replace('/', "_")
    }
}

fn mac(key: &[u8; 32], named: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(named);
    Some(mac)
}

/// Tells an instance about to be started who it is, in its scope; a child had its parent's there, of which it keeps
/// the priority.
pub(crate) fn tell(links: Option<&ResumeLinks>, tenant: Uuid, id: Uuid, scope: &mut Value) {
    if !scope.is_object() {
        *scope = json!({});
    }
    let priority = crate::priority::of_scope(scope);
    scope["instance"] = match links {
        Some(links) => json!({ "id": id, "resume": links.link(tenant, id) }),
        None => json!({ "id": id }),
    };
    crate::priority::tell(scope, priority);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(links: &ResumeLinks, tenant: Uuid, id: Uuid) -> String {
        let link = links.link(tenant, id);
        link.strip_prefix("https://x.test/hooks/resume/").unwrap().to_owned()
    }

    #[test]
    fn only_whole_tokens_of_the_ring_are_read() {
        let (old, new) = (Keyring::generate().unwrap(), Keyring::generate().unwrap());
        let links = ResumeLinks::new("https://x.test/", &old);
        let (tenant, id) = (Uuid::from_u128(7), Uuid::now_v7());
        let token = token(&links, tenant, id);
        assert_eq!(token.len(), 64);
        assert_eq!(links.read(&token), Some((tenant, id)));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(links.read(&String::from_utf8(changed).unwrap()), None, "{at}");
            assert_eq!(links.read(&token[..at]), None, "{at}");
        }
        let odd = [format!("{token}A"), format!("{token}AAAA"), format!("{token}="), String::new()];
        for odd in odd {
            assert_eq!(links.read(&odd), None, "{odd}");
        }
        assert_eq!(ResumeLinks::new("https://x.test", &new).read(&token), None);
        let both = Keyring::from_text(&format!("{},{}", new.to_text(), old.to_text())).unwrap();
        let both = ResumeLinks::new("https://x.test", &both);
        assert_eq!(both.read(&token), Some((tenant, id)));
        assert_ne!(both.link(tenant, id), links.link(tenant, id));
        assert!(!format!("{links:?}").contains("keys"));
    }

    #[test]
    fn a_scope_tells_its_own_instance() {
        let id = Uuid::max();
        for (before, wanted) in [
            (Value::Null, json!({"instance": {"id": id}})),
            (
                json!({"contact": {}, "instance": {"id": 1, "resume": "x"}}),
                json!({"contact": {}, "instance": {"id": id}}),
            ),
        ] {
            let mut scope = before;
            tell(None, Uuid::nil(), id, &mut scope);
            assert_eq!(scope, wanted);
        }
    }
}
