//! Waits that follow: instances are told what their tenant has changed, when they have timers that were computed with what it
//! was before, or with an older tz database.
//!
//! Nothing is marked when something changes. A timer's row says what it was computed with (`basis`), and what differs from what
//! the tenant is now is found: whoever changed it in whatever way, after a crash, and also the wait that an instance computes
//! later by what it knew before.
//!
//! **Invariant:** the event is in the inbox when, and only when, the row says that its timer follows: one transaction does both.

use super::Schedules;
use crate::{
    Result, fault, json as stored,
    store::follow::{self as rows, Telling},
    tenants,
};
use machine::event::kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Tenants looked at at once.
const TENANTS_PAGE: i64 = 200;
/// Waits found in one transaction.
const WAITS_PAGE: i64 = 500;
/// Waits after which a round leaves the others to the next one, so that the inbox is not flooded.
const WAITS_MAX: u64 = 20_000;
/// Who tells.
const ACTOR: &str = "calendar";

/// What a round has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// Everything.
    All,
    /// As much as one round does.
    Part,
}

impl Schedules {
    /// Tells every instance with waits that are outdated.
    pub(super) async fn follow(&self) -> Result<Followed> {
        let (mut after, mut n_waits) = (Uuid::nil(), 0);
        loop {
            let page = rows::tenants(&self.pool, after, TENANTS_PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(Followed::All) };
            after = *last;
            let mut settings: BTreeMap<Uuid, Value> = page.into_iter().collect();
            let based = settings.iter().map(|(id, tenant)| (*id, tenants::basis(tenant)));
            let based: Vec<(Uuid, i64, i64)> =
                based.map(|(id, basis)| (id, basis, tenants::basis_of_newer(basis))).collect();
            for tenant in rows::stale_tenants(&self.pool, &based).await? {
                let Some(settings) = settings.remove(&tenant) else { continue };
                n_waits += self.tell(tenant, settings, WAITS_MAX - n_waits).await?;
                if n_waits >= WAITS_MAX {
                    return Ok(Followed::Part);
                }
            }
        }
    }

    /// Tells the instances of a tenant, page by page, until about `most` of their waits were found; how many were.
    async fn tell(&self, tenant: Uuid, settings: Value, most: u64) -> Result<u64> {
        let basis = tenants::basis(&settings);
        let Value::Object(mut body) = json!({
            "type": kind::RESCHEDULE,
            "reason": "the settings of the tenant, or the rules of time zones, are others now",
            "scope": { "tenant": settings },
        }) else {
            return Ok(0);
        };
        if let Err(error) = stored::accept(&mut body) {
            tracing::warn!(%tenant, %error, "the waits of a tenant cannot follow its settings");
            return Ok(0);
        }
        let newer = tenants::basis_of_newer(basis);
        let telling = Telling { tenant, basis, newer, body: &body, actor: ACTOR };
        let mut n_waits = 0;
        while n_waits < most {
            let mut transaction = self.pool.begin().await?;
            let n = rows::tell(&mut transaction, &telling, self.clock.now(), WAITS_PAGE).await?;
            if n == 0 {
                break;
            }
            fault::point("follow.before_commit");
            transaction.commit().await?;
            fault::point("follow.after_commit");
            self.started();
            n_waits += n;
        }
        Ok(n_waits)
    }
}
