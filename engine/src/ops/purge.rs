//! `purge contact`: everything that says who a person is, or what they said, leaves the tables and the archives.
//!
//! What stays is that something happened: messages, turns and instances keep their numbers, times, places and digests, and a
//! tombstone in the place of what they said, so the chain of an instance can still be looked at ([`super::replay`]).
//!
//! **Invariant:** the contact's own rows go last. Cut off anywhere, a purge is gone on with by asking again.
//! **Invariant:** a live instance is never emptied under the feet of its owner: it is cancelled first, by the door every event
//! takes, or nothing is done at all.
//! **Invariant:** nothing is done before it stands in the audit, with actor and reason, and without the person's name.

mod files;
mod rows;

use super::{
    audit::{self, Deed},
    detached,
};
use crate::{
    Engine, Error, EventRequest, Result,
    conversation::inbound::digits,
    fault,
    limits::{PURGE_INSTANCES_MAX, PURGE_NEEDLE_CHARS_MIN},
    store::purges::{self, ContactRow},
};
pub(crate) use files::remove_replaced;
use machine::event::kind;
use rows::Sweep;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Whom to forget.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose.
    pub tenant: Uuid,
    /// The contact.
    pub contact: Uuid,
    /// Instances that are about the person and ran in none of their conversations.
    pub instances: Vec<Uuid>,
    /// Cancels the instances that live on; without it a purge with live instances is refused.
    pub cancels_live: bool,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// What a purge found, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Whether everything is gone. False after a dry run, and while cancelled instances still take steps back: ask again then.
    pub is_done: bool,
    /// Rows by table: of a dry run those found by key, otherwise those that were emptied or deleted.
    pub rows: BTreeMap<&'static str, u64>,
    /// Instances that live on.
    pub live: Vec<Uuid>,
    /// Files of the archive that hold, or held, something of it.
    pub files: Vec<String>,
}

impl Purged {
    fn add(&mut self, table: &'static str, n: u64) {
        *self.rows.entry(table).or_default() += n;
    }
}

/// A contact with what is theirs.
struct Found {
    contact: ContactRow,
    instances: Vec<(Uuid, bool)>,
}

impl Found {
    async fn read(engine: &Engine, wish: &Wish) -> Result<Self> {
        let (pool, tenant) = (engine.pool(), wish.tenant);
        let contact = purges::contact(pool, tenant, wish.contact).await?;
        let contact =
            contact.ok_or_else(|| Error::NotFound(format!("contact {}", wish.contact)))?;
        let most = i64::try_from(PURGE_INSTANCES_MAX).unwrap_or(i64::MAX);
        let conversations = &contact.conversations;
        let instances =
            purges::instances(pool, tenant, conversations, &wish.instances, most + 1).await?;
        if instances.len() > PURGE_INSTANCES_MAX {
            return Err(Error::Refused(format!(
                "the contact has more than {PURGE_INSTANCES_MAX} instances; let retention take some of them first"
            )));
        }
        Ok(Self { contact, instances })
    }

    fn live(&self) -> Vec<Uuid> {
        self.instances.iter().filter(|(_, is_live)| *is_live).map(|(id, _)| *id).collect()
    }

    fn ids(&self) -> Vec<Uuid> {
        self.instances.iter().map(|(id, _)| *id).collect()
    }

    /// The texts by which the person is found where no key leads: numbers and addresses, never a name that others have too.
    fn needles(&self) -> Vec<String> {
        let ContactRow { phone, email, identities, .. } = &self.contact;
        let numbers = phone.iter().map(|phone| digits(phone));
        let texts = email.iter().chain(identities).cloned();
        let mut needles: Vec<String> = numbers.chain(texts).collect();
        needles.retain(|text| text.chars().count() >= PURGE_NEEDLE_CHARS_MIN);
        needles.sort_unstable();
        needles.dedup();
        needles
    }
}

/// What a purge would do. Changes nothing. `NotFound`.
pub async fn look(engine: &Engine, wish: &Wish) -> Result<Purged> {
    let found = Found::read(engine, wish).await?;
    let (pool, ids) = (engine.pool().clone(), found.ids());
    let key = (wish.tenant, wish.contact);
    let conversations = found.contact.conversations.clone();
    let of = (conversations.clone(), ids.clone());
    let counts =
        detached(async move { Ok(purges::count(&pool, key, &of.0, &of.1).await?) }).await?;
    let mut purged = Purged { live: found.live(), ..Purged::default() };
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    for (table, n) in [
        ("contact", 1),
        ("conversation", count(counts.conversations)),
        ("identity", count(counts.identities)),
        ("consent", count(counts.consents)),
        ("message", count(counts.messages)),
        ("instance", ids.len() as u64),
        ("history", count(counts.turns)),
        ("checkpoint", count(counts.checkpoints)),
    ] {
        purged.add(table, n);
    }
    purged.files = files::of(engine.pool(), wish.tenant, &conversations, &ids).await?;
    Ok(purged)
}

/// Forgets the contact. `NotFound`; `Refused` while instances live on and may not be cancelled, naming them.
pub async fn contact(engine: &Engine, wish: Wish) -> Result<Purged> {
    let engine = engine.clone();
    detached(async move {
        let found = Found::read(&engine, &wish).await?;
        let live = found.live();
        if !live.is_empty() && !wish.cancels_live {
            let named: Vec<String> = live.iter().take(10).map(Uuid::to_string).collect();
            return Err(Error::Refused(format!(
                "{} instances of the contact live on ({}); cancel them first, or let the purge do it",
                live.len(),
                named.join(", ")
            )));
        }
        audit::record(engine.pool(), deed(&wish, &found)).await?;
        for id in &live {
            cancel(&engine, &wish, *id).await?;
        }
        let found = Found::read(&engine, &wish).await?;
        let mut purged = Purged { live: found.live(), ..Purged::default() };
        if !purged.live.is_empty() {
            return Ok(purged);
        }
        let (pool, ids, needles) = (engine.pool(), found.ids(), found.needles());
        let conversations = &found.contact.conversations;
        purged.files = files::purge(&engine, wish.tenant, conversations, &ids).await?;
        let sweep = Sweep {
            pool,
            tenant: wish.tenant,
            conversations,
            instances: &ids,
            needles: &needles,
            now: engine.clock().now(),
            actor: &wish.actor,
            reason: wish.reason.as_deref(),
        };
        sweep.run(&mut purged).await?;
        fault::point("purge.last");
        purges::contact_row(pool, wish.tenant, wish.contact).await?;
        purged.add("contact", 1);
        purged.is_done = true;
        Ok(purged)
    })
    .await
}

fn deed(wish: &Wish, found: &Found) -> Deed {
    Deed {
        tenant: wish.tenant,
        actor: wish.actor.clone(),
        verb: "contact.purge",
        target: format!("contact {}", wish.contact),
        reason: wish.reason.clone(),
        detail: json!({ "instances": found.instances.len(), "cancels_live": wish.cancels_live }),
    }
}

/// Ends an instance. One that has ended meanwhile is what was wanted.
async fn cancel(engine: &Engine, wish: &Wish, instance: Uuid) -> Result<()> {
    let body = Map::from_iter([("type".to_owned(), Value::from(kind::CANCEL))]);
    let request = EventRequest {
        tenant: wish.tenant,
        instance,
        body,
        actor: wish.actor.clone(),
        reason: Some("the contact is purged".to_owned()),
    };
    match engine.send_event(request).await {
        Ok(_) | Err(Error::Over(_) | Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
