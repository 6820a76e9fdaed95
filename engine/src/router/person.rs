//! Who wrote: from the names a channel has for a person to one contact of ours.
//!
//! **Invariant:** a name belongs to one contact. Two names seen on one message belong to one contact from there on; the
//! phone's contact is the one that stays.

use crate::{
    Result,
    conversation::inbound::Sender,
    store::{
        contacts::{self, NewContact},
        conversations::Parties,
    },
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// The contact who wrote; made if nobody has these names.
pub(crate) async fn resolve(
    connection: &mut PgConnection,
    tenant: Uuid,
    channel: Uuid,
    sender: &Sender,
) -> Result<Parties> {
    let names = names(sender);
    let (phone, user_id) = (sender.phone.as_deref(), sender.user_id.as_deref());
    let known = contacts::identities(connection, (tenant, channel), phone, user_id).await?;
    let owner = |kind: &str| known.iter().find(|k| k.kind == kind).map(|k| k.contact_id);
    let by_name = owner("phone").or_else(|| owner("user_id"));
    let by_phone = match (by_name, &sender.phone) {
        (None, Some(phone)) => contacts::by_phone(connection, tenant, phone).await?,
        _ => None,
    };
    let found = by_name.or(by_phone);
    let parties = Parties { tenant, channel, contact: found.unwrap_or_else(Uuid::now_v7) };
    let contact = NewContact {
        tenant,
        id: parties.contact,
        name: sender.name.as_deref(),
        phone: sender.phone.as_deref(),
    };
    match found {
        Some(_) => contacts::complete(connection, &contact).await?,
        None => contacts::insert(connection, &contact).await?,
    }
    for (kind, value) in names {
        let is_known = known.iter().any(|k| (k.kind.as_str(), k.value.as_str()) == (kind, value));
        if !is_known || owner(kind) != Some(parties.contact) {
            contacts::set_identity(connection, parties, kind, value).await?;
        }
    }
    Ok(parties)
}

/// The provider says that a contact has another phone, or another id.
pub(super) async fn rename(
    connection: &mut PgConnection,
    parties: Parties,
    told: &Value,
) -> Result<()> {
    if let Some(phone) = told["newPhone"].as_str().filter(|phone| !phone.is_empty()) {
        contacts::set_identity(connection, parties, "phone", phone).await?;
        contacts::set_phone(connection, parties.tenant, parties.contact, phone).await?;
    }
    if let Some(user_id) = told["newUserId"].as_str().filter(|id| !id.is_empty()) {
        contacts::set_identity(connection, parties, "user_id", user_id).await?;
    }
    Ok(())
}

fn names(sender: &Sender) -> Vec<(&'static str, &str)> {
    let phone = sender.phone.as_deref().map(|phone| ("phone", phone));
    let user_id = sender.user_id.as_deref().map(|id| ("user_id", id));
    phone.into_iter().chain(user_id).collect()
}
