//! What an instance that nobody's message started knows of its tenant: name, language, zone, hours. And what stands for that
//! knowledge, so that waits computed with another can be found.

use crate::json;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;
use workflows::schedule::tz_version;

/// How long a tenant's settings are believed: starts come in bursts, settings change by hand.
const BELIEVED: Duration = Duration::from_secs(5);
/// Most tenants remembered.
const TENANTS_MAX: usize = 10_000;

/// Tenants as expressions see them.
#[derive(Debug, Default)]
pub(crate) struct Tenants(Mutex<HashMap<Uuid, (Instant, Value)>>);

impl Tenants {
    /// `{"tenant": …}`: the scope of an instance of which no more is known.
    pub(crate) async fn scope(&self, pool: &PgPool, tenant: Uuid) -> sqlx::Result<Value> {
        if let Some(known) = self.known(tenant) {
            return Ok(json!({ "tenant": known }));
        }
        Box::pin(self.read(pool, tenant)).await
    }

    /// As [`scope`](Self::scope), from the store.
    async fn read(&self, pool: &PgPool, tenant: Uuid) -> sqlx::Result<Value> {
        let found: Option<Value> =
            sqlx::query_scalar(include_str!("store/sql/select_tenant_scope.sql"))
                .bind(tenant)
                .fetch_optional(pool)
                .await?;
        let found = found.unwrap_or_else(|| json!({ "id": tenant }));
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= TENANTS_MAX {
            remembered.clear();
        }
        remembered.insert(tenant, (Instant::now(), found.clone()));
        Ok(json!({ "tenant": found }))
    }

    fn known(&self, tenant: Uuid) -> Option<Value> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, known) = remembered.get(&tenant)?;
        (read_at.elapsed() < BELIEVED).then(|| known.clone())
    }
}

/// Bits of a basis that stand for the tenant; those above stand for the tz database.
const TENANT_BITS: u32 = 47;

/// What waits are computed with in this process, as a number: the tz database, and below it a hash of the tenant as expressions
/// see it. A newer tz database gives a greater number whatever the tenant, so that two releases that run beside each other do
/// not compute each other's waits in turn.
pub(crate) fn basis(tenant: &Value) -> i64 {
    static RELEASE: LazyLock<i64> = LazyLock::new(|| release(tz_version()));
    of(*RELEASE, tenant)
}

/// The first basis of a tz database newer than that of this one.
pub(crate) fn basis_of_newer(basis: i64) -> i64 {
    ((basis >> TENANT_BITS) + 1) << TENANT_BITS
}

fn of(release: i64, tenant: &Value) -> i64 {
    let mut tenant = tenant.clone();
    json::canonical(&mut tenant);
    let digest = Sha256::digest(tenant.to_string());
    let hash = digest.iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    let hash = i64::try_from(hash >> (64 - TENANT_BITS)).unwrap_or_default();
    release << TENANT_BITS | hash
}

/// A number of at most 15 bits for a release like `2026a`; 0 for one that is not named so.
fn release(version: &str) -> i64 {
    let number = || {
        let (year, letters) = version.split_at_checked(4)?;
        let year: i64 = year.parse().ok().filter(|year| (1970..2900).contains(year))?;
        // After `z` comes `za`.
        let letters = letters.bytes().map(|letter| i64::from(letter.saturating_sub(b'a')) + 1);
        Some((year - 1970) * 32 + letters.sum::<i64>().clamp(0, 31))
    };
    number().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_release_is_greater_whatever_the_tenant() {
        let tenants = [json!(null), json!({ "id": "a" }), json!({ "id": "b", "hours": {} })];
        let releases = ["unknown", "1999a", "2025b", "2025c", "2026a", "2899z"].map(release);
        assert!(releases.is_sorted() && releases[0] == 0, "{releases:?}");
        for tenant in &tenants {
            for two in releases.windows(2) {
                let (older, newer) = (of(two[0], tenant), of(two[1], &tenants[0]));
                assert!(0 <= older && older < newer && basis_of_newer(older) <= newer);
            }
        }
        assert_ne!(basis(&tenants[0]), basis(&tenants[1]));
        assert!(release(tz_version()) > release("2020a"), "{}", tz_version());
    }

    #[test]
    fn it_is_that_of_what_comes_back_from_the_store() {
        let (told, stored) = (json!({ "at": 1e16 }), json!({ "at": 10_000_000_000_000_000_u64 }));
        assert_eq!(basis(&told), basis(&stored));
    }
}
