//! Who asks, for which tenant, and what they may do.
//!
//! **Invariant:** deny by default. A route gets a tenant only from [`Caller::may`], which names what is about to be done.
//! **Invariant:** there is no default credential, and a key is compared in constant time, by hash.

mod key;
mod role;

pub use role::{Action, Role};

use crate::{app::App, problem::Problem};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use engine::ops::credential::{self, Credential, NewCredential};
use key::Key;
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How long a key that was found is believed without looking again: a revoked one works no longer than this.
const KEY_TTL: Duration = Duration::from_secs(1);
/// Keys remembered at once.
const KEYS_MAX: usize = 10_000;
/// The tenant of `perdure dev`. The same id everywhere, so that starting again finds it.
const DEV_TENANT: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0de7);

/// Whoever sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    tenant: Uuid,
    key: Uuid,
    role: Role,
    scopes: Vec<String>,
}

impl Caller {
    /// The tenant to do this in; 403 if the credential does not allow it.
    pub fn may(&self, action: Action) -> Result<Uuid, Problem> {
        if role::authorize(self.role, &self.scopes, action) {
            return Ok(self.tenant);
        }
        tracing::warn!(actor = self.actor(), ?action, "refused: the credential does not allow it");
        let detail = format!("this credential does not allow `{}`", action.scope());
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// As it stands in history and audit.
    pub fn actor(&self) -> String {
        format!("api:{}", self.key)
    }

    /// The tenant, for bookkeeping that every request needs and no one sees.
    pub(crate) fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// Changes with everything that decides what the caller may do.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{}:{}:{}", self.key, self.role.as_str(), self.scopes.join(","))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthorized)
    }
}

/// Lets through who has a key.
pub(crate) async fn authenticate(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    match identify(&app, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn identify(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let key = bearer(headers).and_then(Key::parse).ok_or_else(unauthorized)?;
    let hash = key.hash();
    if let Some(caller) = app.keys.get(&hash) {
        return Ok(caller);
    }
    let found = credential::find(app.engine.pool(), hash.to_vec()).await?;
    let caller = found.and_then(|found| caller(&found, &hash)).ok_or_else(unauthorized)?;
    app.keys.put(hash, caller.clone());
    Ok(caller)
}

fn caller(found: &Credential, hash: &[u8; 32]) -> Option<Caller> {
    let role = Role::parse(&found.role).filter(|_| key::equal(&found.hash, hash))?;
    Some(Caller { tenant: found.tenant_id, key: found.id, role, scopes: found.scopes.clone() })
}

/// The credential of `Authorization: Bearer …`, if there is exactly one such header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

fn unauthorized() -> Problem {
    let detail = "the API key is missing, wrong or revoked; send `Authorization: Bearer <API key>`";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}

/// Keys seen a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<HashMap<[u8; 32], (Instant, Caller)>>);

impl Keys {
    fn get(&self, hash: &[u8; 32]) -> Option<Caller> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, caller) = keys.get(hash)?;
        (since.elapsed() < KEY_TTL).then(|| caller.clone())
    }

    fn put(&self, hash: [u8; 32], caller: Caller) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(hash, (Instant::now(), caller));
    }
}

/// Makes an API key and returns it; it is shown this once and stored nowhere.
pub async fn create_key(pool: &PgPool, tenant: Uuid, role: Role) -> engine::Result<String> {
    let key = Key::draw();
    let new = NewCredential {
        tenant,
        name: role.as_str().to_owned(),
        prefix: key.prefix().to_owned(),
        hash: key.hash().to_vec(),
        role: role.as_str(),
    };
    credential::insert(pool, new).await?;
    Ok(key.into_text())
}

/// The tenant for development, and a new owner's key for it.
pub async fn ensure_dev_tenant(pool: &PgPool) -> engine::Result<(Uuid, String)> {
    credential::insert_tenant(pool, DEV_TENANT, "dev".to_owned()).await?;
    let key = create_key(pool, DEV_TENANT, Role::Owner).await?;
    Ok((DEV_TENANT, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn one_bearer_and_nothing_else() {
        let cases: [(&[&str], Option<&str>); 6] = [
            (&["Bearer abc"], Some("abc")),
            (&["bearer abc"], Some("abc")),
            (&["Basic abc"], None),
            (&["Bearer"], None),
            (&["Bearer abc", "Bearer abc"], None),
            (&[], None),
        ];
        for (values, wanted) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            assert_eq!(bearer(&headers), wanted, "{values:?}");
        }
    }
}
