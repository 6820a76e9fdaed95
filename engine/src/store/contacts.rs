//! Contacts, how channels name them, what they agreed to, and the tenant they belong to.

use super::conversations::Parties;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// How a channel names a contact.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct IdentityRow {
    /// `phone` or `user_id`.
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) contact_id: Uuid,
}

/// A contact to be made.
#[derive(Debug)]
pub(crate) struct NewContact<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) id: Uuid,
    pub(crate) name: Option<&'a str>,
    pub(crate) phone: Option<&'a str>,
}

/// Who a phone and a user id belong to, on this channel.
pub(crate) async fn identities(
    connection: &mut PgConnection,
    (tenant, channel): (Uuid, Uuid),
    phone: Option<&str>,
    user_id: Option<&str>,
) -> sqlx::Result<Vec<IdentityRow>> {
    sqlx::query_as(include_str!("sql/select_identities.sql"))
        .bind(tenant)
        .bind(channel)
        .bind(phone)
        .bind(user_id)
        .fetch_all(connection)
        .await
}

/// A name that a message carries: `phone` or `user_id`, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) tenant: Uuid,
    pub(crate) channel: Uuid,
    pub(crate) kind: &'static str,
    pub(crate) value: String,
}

/// `(channel, kind, value, contact)` of those names that belong to somebody.
pub(crate) async fn owners(
    pool: &PgPool,
    names: &[Name],
) -> sqlx::Result<Vec<(Uuid, String, String, Uuid)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(include_str!("sql/select_identities_many.sql"))
        .bind(names.iter().map(|name| name.tenant).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.channel).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.kind).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>())
        .fetch_all(pool)
        .await
}

/// From here on this name belongs to this contact.
pub(crate) async fn set_identity(
    connection: &mut PgConnection,
    parties: Parties,
    kind: &str,
    value: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/upsert_identity.sql"))
        .bind(parties.tenant)
        .bind(parties.channel)
        .bind(kind)
        .bind(value)
        .bind(parties.contact)
        .execute(connection)
        .await
        .map(drop)
}

/// The oldest contact of the tenant with this phone.
pub(crate) async fn by_phone(
    connection: &mut PgConnection,
    tenant: Uuid,
    phone: &str,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar(include_str!("sql/select_contact_by_phone.sql"))
        .bind(tenant)
        .bind(phone)
        .fetch_optional(connection)
        .await
}

/// Makes a contact.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    new: &NewContact<'_>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/insert_contact.sql"))
        .bind(new.tenant)
        .bind(new.id)
        .bind(new.name)
        .bind(new.phone)
        .execute(connection)
        .await
        .map(drop)
}

/// Fills in what was not known of a contact.
pub(crate) async fn complete(
    connection: &mut PgConnection,
    known: &NewContact<'_>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_contact_unknown.sql"))
        .bind(known.tenant)
        .bind(known.id)
        .bind(known.name)
        .bind(known.phone)
        .execute(connection)
        .await
        .map(drop)
}

/// The contact has another phone.
pub(crate) async fn set_phone(
    connection: &mut PgConnection,
    tenant: Uuid,
    contact: Uuid,
    phone: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_contact_phone.sql"))
        .bind(tenant)
        .bind(contact)
        .bind(phone)
        .execute(connection)
        .await
        .map(drop)
}

/// What the contact wants on this channel: `granted` or `withdrawn`.
pub(crate) async fn set_consent(
    connection: &mut PgConnection,
    parties: Parties,
    status: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/upsert_consent.sql"))
        .bind(parties.tenant)
        .bind(parties.contact)
        .bind(parties.channel)
        .bind(status)
        .execute(connection)
        .await
        .map(drop)
}

/// `(contact, tenant)` as expressions see them; empty objects for what is not there.
pub(crate) async fn scope(
    connection: &mut PgConnection,
    tenant: Uuid,
    contact: Uuid,
) -> sqlx::Result<(Value, Value)> {
    sqlx::query_as(include_str!("sql/select_scope.sql"))
        .bind(tenant)
        .bind(contact)
        .fetch_one(connection)
        .await
}
