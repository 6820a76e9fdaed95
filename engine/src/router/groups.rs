//! Splits a page of messages by person, so that people are routed beside each other and nobody overtakes themselves.
//!
//! A person may write under several names (a phone, a user id). Two names are known to be one person's when one message
//! carries both, or when the store says that they are one contact's.
//!
//! **Invariant:** two messages of one person are in one group, in their order, or in parts that are routed one after the
//! other.

use crate::{
    Result,
    limits::ROUTES_RUNNING_MAX,
    store::{
        contacts::{self, Name},
        messages::UnroutedRow,
    },
};
use sqlx::PgPool;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A name of a person, or a person: what belongs to one of them keeps its order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Tag {
    Name(Name),
    Contact(Uuid),
}

/// A message and whose it is.
#[derive(Debug)]
pub(super) struct Tagged {
    pub(super) message: UnroutedRow,
    tags: Vec<Tag>,
}

/// Groups that are routed at once.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: Vec<Vec<Tagged>>,
    by_tag: HashMap<Tag, usize>,
}

/// People whose next message waits.
#[derive(Debug, Default)]
pub(super) struct Held {
    tags: HashSet<Tag>,
    first: Option<i64>,
}

impl Held {
    /// These messages wait, and so do all later ones of the same people.
    pub(super) fn add(&mut self, messages: Vec<Tagged>) {
        for message in messages {
            let id = message.message.id;
            self.first = Some(self.first.map_or(id, |first| first.min(id)));
            self.tags.extend(message.tags);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The id of the first that waits.
    pub(super) fn first(&self) -> Option<i64> {
        self.first
    }

    /// Whether this message has to wait, because an earlier one of the same person does.
    fn takes(&mut self, message: &Tagged) -> bool {
        let is_held = message.tags.iter().any(|tag| self.tags.contains(tag));
        if is_held {
            // Somebody may be held under one name and write under two.
            self.tags.extend(message.tags.iter().cloned());
        }
        is_held
    }
}

impl Groups {
    /// The page in as few parts as order allows, to be routed one part after the other.
    pub(super) async fn of(pool: &PgPool, page: Vec<UnroutedRow>) -> Result<Vec<Self>> {
        let names: HashSet<Name> = page.iter().flat_map(names).collect();
        let names: Vec<Name> = names.into_iter().collect();
        let mut owners = HashMap::new();
        for (channel, kind, value, contact) in contacts::owners(pool, &names).await? {
            owners.insert((channel, kind, value), contact);
        }
        Ok(Self::split(page.into_iter().map(|message| tagged(message, &owners)).collect()))
    }

    fn split(page: Vec<Tagged>) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut part = Self::default();
        for message in page {
            let known: HashSet<usize> =
                message.tags.iter().filter_map(|tag| part.by_tag.get(tag).copied()).collect();
            let is_full = known.is_empty() && part.groups.len() >= ROUTES_RUNNING_MAX;
            // It joins two groups that were thought to be two people: they must be done first.
            if is_full || known.len() > 1 {
                parts.push(std::mem::take(&mut part));
            }
            let index = message.tags.iter().find_map(|tag| part.by_tag.get(tag).copied());
            let index = index.unwrap_or(part.groups.len());
            if index == part.groups.len() {
                part.groups.push(Vec::new());
            }
            part.by_tag.extend(message.tags.iter().map(|tag| (tag.clone(), index)));
            if let Some(group) = part.groups.get_mut(index) {
                group.push(message);
            }
        }
        parts.push(part);
        parts
    }

    /// The groups without what is held by the time their part is routed.
    pub(super) fn without(self, held: &mut Held) -> Vec<Vec<Tagged>> {
        let mut groups = self.groups;
        for group in &mut groups {
            group.retain(|message| !held.takes(message));
        }
        groups
    }
}

fn tagged(message: UnroutedRow, owners: &HashMap<(Uuid, String, String), Uuid>) -> Tagged {
    let mut tags = Vec::new();
    for name in names(&message) {
        let key = (name.channel, name.kind.to_owned(), name.value.clone());
        tags.extend(owners.get(&key).map(|contact| Tag::Contact(*contact)));
        tags.push(Tag::Name(name));
    }
    Tagged { message, tags }
}

/// The names its sender has, and those it will have after it.
fn names(message: &UnroutedRow) -> Vec<Name> {
    let named = |kind: &'static str, object: &str, field: &str| {
        let value = message.body[object][field].as_str()?.to_owned();
        Some(Name { tenant: message.tenant_id, channel: message.channel_id, kind, value })
    };
    let all = [
        named("phone", "from", "phone"),
        named("user_id", "from", "userId"),
        named("phone", "system", "newPhone"),
        named("user_id", "system", "newUserId"),
    ];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use serde_json::json;

    /// `p1` is a phone, `u1` a user id; several stand on one message with a `+`.
    fn row(id: i64, from: &str) -> Tagged {
        let mut sender = json!({});
        for name in from.split('+') {
            sender[if name.starts_with('p') { "phone" } else { "userId" }] = json!(name);
        }
        let message = UnroutedRow {
            tenant_id: Uuid::nil(),
            id,
            channel_id: Uuid::nil(),
            direction: "in".to_owned(),
            provider_id: id.to_string(),
            body: json!({ "from": sender }),
            at: DateTime::UNIX_EPOCH,
            received_at: DateTime::UNIX_EPOCH,
        };
        let owner = |kind: &str, value: &str| (Uuid::nil(), kind.to_owned(), value.to_owned());
        // The store knows that `p7` and `u7` are one person.
        let owners = HashMap::from([
            (owner("phone", "p7"), Uuid::max()),
            (owner("user_id", "u7"), Uuid::max()),
        ]);
        tagged(message, &owners)
    }

    #[test]
    fn one_person_one_group() {
        // Who is held, who wrote; parts are divided by `|`, groups by a space.
        let cases = [
            ("", "p1 p2 p1", "0,2 1"),
            ("", "p1 u1 p1+u1 u1", "0 1|2,3"),
            ("", "p1+u1 u1 p1 p2", "0,1,2 3"),
            ("", "p7 u7 p1", "0,1 2"),
            ("p1", "p1 p2 p1", "1"),
            ("p1", "p1+u1 u1 p2", "2"),
            ("u7", "p7 p2", "1"),
            ("", "p1 p2 p3 p4 p5 p6 p8 p9 p1 px", "0,8 1 2 3 4 5 6 7|9"),
        ];
        for (waiting, page, wanted) in cases {
            let mut held = Held::default();
            held.add(waiting.split_terminator(' ').map(|name| row(0, name)).collect());
            let page = page.split(' ').zip(0..).map(|(from, id)| row(id, from)).collect();
            let parts = Groups::split(page).into_iter().map(|part| {
                let ids = |group: &Vec<Tagged>| {
                    group.iter().map(|m| m.message.id.to_string()).collect::<Vec<_>>().join(",")
                };
                let groups = part.without(&mut held);
                groups.iter().filter(|g| !g.is_empty()).map(ids).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(parts.collect::<Vec<_>>().join("|"), wanted);
        }
    }
}
