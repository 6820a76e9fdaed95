//! What XState does not know in one state, moved out of its way and back.
//!
//! `policy`, `detach` and `each` of an invoke, and actions `@perdure.*`, are taken out and kept, with their places, under
//! `meta.perdure` of their state.
//!
//! **Invariant:** `put_back` after `take_out` gives the same state, but for the order of an invoke's members.

use crate::{
    diagnostic::pointer_token,
    json::{Json, object},
};

/// Members of an invoke that are ours.
const OF_INVOKE: &[&str] = &["policy", "detach", "each"];
/// What the types of our actions begin with.
const OURS: &str = "@perdure.";
/// Where things are kept, in a state's `meta`.
const KEPT: &str = "perdure";

/// Takes out of a state, without the states inside it, what is ours.
pub(super) fn take_out(state: &mut Json) {
    let mut moved = Vec::new();
    if let Json::Object(members) = state {
        for (key, value) in members.iter_mut() {
            if !matches!(key.as_str(), "states" | "meta") {
                walk(value, &format!("/{}", pointer_token(key)), key == "invoke", &mut moved);
            }
        }
        members.retain(|(key, value)| {
            let at = format!("/{}", pointer_token(key));
            !(is_ours(value) && keep(value, at, &mut moved))
        });
    }
    if !moved.is_empty() {
        let moved: Vec<Json> = (moved.into_iter())
            .map(|(at, value)| object([("at", at.into()), ("value", value)]))
            .collect();
        note(state, "moved", moved.into());
    }
}

fn is_ours(value: &Json) -> bool {
    value.text_of("type").starts_with(OURS)
}

fn keep(value: &Json, at: String, moved: &mut Vec<(String, Json)>) -> bool {
    moved.push((at, value.clone()));
    true
}

/// Removes from the inside out, so that what is kept is whole. An item's place is the one it had before any was removed.
fn walk(value: &mut Json, at: &str, is_invoke: bool, moved: &mut Vec<(String, Json)>) {
    match value {
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if !is_ours(item) {
                    walk(item, &format!("{at}/{index}"), is_invoke, moved);
                }
            }
            let mut index = 0;
            items.retain(|item| {
                let at = format!("{at}/{index}");
                index += 1;
                !(is_ours(item) && keep(item, at, moved))
            });
        }
        Json::Object(members) => {
            for (key, value) in members.iter_mut() {
                if !is_ours(value) {
                    walk(value, &format!("{at}/{}", pointer_token(key)), false, moved);
                }
            }
            members.retain(|(key, value)| {
                let is_ours = is_ours(value) || is_invoke && OF_INVOKE.contains(&key.as_str());
                !(is_ours && keep(value, format!("{at}/{}", pointer_token(key)), moved))
            });
        }
        _ => {}
    }
}

/// Keeps something under `meta.perdure`. A `meta` that is no object, or has such a member itself, is kept there too.
pub(super) fn note(state: &mut Json, key: &str, value: Json) {
    let Json::Object(members) = state else { return };
    let place = members.iter().position(|(key, _)| key == "meta");
    let place = place.unwrap_or_else(|| {
        members.push(("meta".to_owned(), object([(KEPT, object([("bare", true.into())]))])));
        members.len() - 1
    });
    let meta = &mut members[place].1;
    if !matches!(meta, Json::Object(_)) {
        *meta = object([(KEPT, object([("was", meta.clone())]))]);
    }
    let Json::Object(meta) = meta else { return };
    let is_mine =
        |kept: &Json| ["bare", "was", "own", "moved"].iter().any(|key| kept.get(key).is_some());
    let kept = match meta.iter().position(|(key, _)| key == KEPT) {
        Some(place) if is_mine(&meta[place].1) => place,
        Some(place) => {
            let own = meta[place].1.clone();
            meta[place].1 = object([("own", own)]);
            place
        }
        None => {
            meta.push((KEPT.to_owned(), Json::Object(Vec::new())));
            meta.len() - 1
        }
    };
    if let Json::Object(kept) = &mut meta[kept].1 {
        kept.push((key.to_owned(), value));
    }
}

/// Puts back what was taken out of a state, and gives what else was kept there.
pub(super) fn put_back(state: &mut Json) -> Option<Json> {
    let Json::Object(members) = state else { return None };
    let place = members.iter().position(|(key, _)| key == "meta")?;
    let Json::Object(meta) = &mut members[place].1 else { return None };
    let kept = meta.remove(meta.iter().position(|(key, _)| key == KEPT)?).1;
    if let Some(own) = kept.get("own") {
        meta.push((KEPT.to_owned(), own.clone()));
    }
    if let Some(was) = kept.get("was") {
        members[place].1 = was.clone();
    } else if kept.get("bare").is_some() {
        members.remove(place);
    }
    // Places are those of before anything was taken out, so what lies around others is put back before them.
    let mut moved: Vec<&Json> = kept.get("moved").map_or(&[][..], Json::list).iter().collect();
    moved.sort_by_key(|moved| moved.text_of("at").matches('/').count());
    for moved in moved {
        if let Some(value) = moved.get("value") {
            insert(state, moved.text_of("at"), value);
        }
    }
    Some(kept)
}

/// Inserts a value at a pointer.
fn insert(json: &mut Json, at: &str, value: &Json) {
    let Some((above, last)) = at.rsplit_once('/') else { return };
    let mut place = json;
    for token in above.split('/').skip(1) {
        let token = unescaped(token);
        let below = match place {
            Json::Object(members) => {
                members.iter_mut().find(|(key, _)| *key == token).map(|(_, value)| value)
            }
            Json::Array(items) => token.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        };
        match below {
            Some(below) => place = below,
            None => return,
        }
    }
    match place {
        Json::Object(members) => members.push((unescaped(last), value.clone())),
        Json::Array(items) => {
            let index = last.parse().unwrap_or(items.len()).min(items.len());
            items.insert(index, value.clone());
        }
        _ => {}
    }
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}
