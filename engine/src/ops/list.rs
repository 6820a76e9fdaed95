//! `list`: instances by what people know of them: definition, status, key, phone, state, or a few letters.

use super::{Page, detached, one_more, reading};
use crate::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

/// Fewest digits that are taken for a phone number.
const PHONE_DIGITS_MIN: usize = 7;

/// Which instances.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Name of the definition.
    pub definition: Option<String>,
    /// `running`, `waiting`, …
    pub status: Option<String>,
    /// The key, exactly.
    pub key: Option<String>,
    /// Phone number of the contact, however it is written.
    pub phone: Option<String>,
    /// Path of an active state, or of one above it.
    pub state: Option<String>,
    /// An id, the beginning of a key or of a definition's name, or a phone number.
    pub q: Option<String>,
}

/// An instance in a list.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// Its definition's name.
    pub definition: String,
    /// The version's number.
    pub version: i32,
    /// Its status.
    pub status: String,
    /// Its turns.
    pub seq: i64,
    /// Paths of its active leaves.
    pub configuration: Value,
    /// Its key.
    pub key: Option<String>,
    /// The conversation it runs in.
    #[serde(rename = "conversation")]
    pub conversation_id: Option<Uuid>,
    /// The instance that started it.
    #[serde(rename = "parent")]
    pub parent_id: Option<Uuid>,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When its last turn was.
    pub updated_at: DateTime<Utc>,
}

/// Instances, newest first, from the one after `after`.
pub async fn instances(
    pool: &PgPool,
    tenant: Uuid,
    filter: Filter,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Page<Listed>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let mut filter = filter;
        let conversations = conversations(&mut transaction, tenant, &mut filter).await?;
        let statement = match conversations {
            Some(_) => include_str!("../store/sql/list_instances_of_conversations.sql"),
            None => include_str!("../store/sql/list_instances.sql"),
        };
        let mut query = sqlx::query_as(statement)
            .bind(tenant)
            .bind(after)
            .bind(filter.definition)
            .bind(filter.status)
            .bind(filter.key)
            .bind(filter.state)
            .bind(filter.q)
            .bind(one_more(limit));
        if let Some(ids) = conversations {
            query = query.bind(ids);
        }
        let rows: Vec<Listed> = query.fetch_all(&mut *transaction).await?;
        Ok(Page::of(rows, limit, |row| row.id.to_string()))
    })
    .await
}

/// The conversations that a filter by phone means. A search that looks like a number is one if somebody has it.
async fn conversations(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: Uuid,
    filter: &mut Filter,
) -> Result<Option<Vec<Uuid>>> {
    if let Some(phone) = filter.phone.take() {
        return by_phone(transaction, tenant, &spellings(&phone)).await.map(Some);
    }
    let Some(q) = filter.q.as_deref().filter(|q| is_phone(q)) else { return Ok(None) };
    let found = by_phone(transaction, tenant, &spellings(q)).await?;
    if found.is_empty() {
        return Ok(None);
    }
    filter.q = None;
    Ok(Some(found))
}

/// Conversations of whoever has one of these numbers.
pub(super) async fn by_phone(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: Uuid,
    spellings: &[String],
) -> Result<Vec<Uuid>> {
    let found = sqlx::query_scalar(include_str!("../store/sql/select_conversations_by_phone.sql"))
        .bind(tenant)
        .bind(spellings)
        .fetch_all(&mut **transaction)
        .await?;
    Ok(found)
}

/// The ways a number may stand in the tables.
pub(super) fn spellings(phone: &str) -> Vec<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").map(str::to_owned).unwrap_or(digits);
    vec![phone.trim().to_owned(), format!("+{digits}"), digits]
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= PHONE_DIGITS_MIN
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_as_people_write_them() {
        for (text, is, digits) in [
            ("+255 700 000 001", true, "255700000001"),
            ("00255700000001", true, "255700000001"),
            ("(255) 700-000-001", true, "255700000001"),
            ("order-1234567", false, "1234567"),
            ("12345", false, "12345"),
        ] {
            assert_eq!(is_phone(text), is, "{text}");
            assert_eq!(spellings(text)[2], digits, "{text}");
        }
    }
}
