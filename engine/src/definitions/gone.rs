//! What a new version no longer has, and instances are in: told with the upload, while it can still be changed (DESIGN 4.6).
//!
//! Instances keep the version they were started with, so nothing breaks; but they cannot be moved to the new one as it is.

use crate::{error::Result, store::definitions as rows};
use sqlx::PgPool;
use std::collections::BTreeMap;
use uuid::Uuid;
use workflows::{definition::Definition, diagnostic::Diagnostic};

/// Instances looked at, the newest of the workflow.
const LOOKED_AT_MAX: i64 = 10_000;
/// States named in the message.
const NAMED_MAX: usize = 5;

/// The warning `states-gone`, if instances that are not over are in states that this version has not.
pub(super) async fn states_gone(
    pool: &PgPool,
    tenant: Uuid,
    definition: &Definition,
) -> Result<Option<Diagnostic>> {
    let places = rows::places(pool, tenant, &definition.name, LOOKED_AT_MAX).await?;
    let mut instances = 0;
    let mut states: BTreeMap<String, i64> = BTreeMap::new();
    for (configuration, n) in places {
        let gone: Vec<String> = configuration
            .0
            .into_iter()
            .filter(|path| definition.chart.at(path).is_none())
            .collect();
        instances += if gone.is_empty() { 0 } else { n };
        for path in gone {
            *states.entry(path).or_default() += n;
        }
    }
    if states.is_empty() {
        return Ok(None);
    }
    let mut named: Vec<String> =
        states.iter().take(NAMED_MAX).map(|(path, n)| format!("`{path}` ({n})")).collect();
    if states.len() > NAMED_MAX {
        named.push(format!("{} more", states.len() - NAMED_MAX));
    }
    let message = format!(
        "{instances} of the newest instances are in states that this version no longer has: {}",
        named.join(", ")
    );
    let help = "They go on with the version they were started with. Keep the states if they are to be moved to this one.";
    Ok(Some(Diagnostic::warning("states-gone", "", message).help(help)))
}
