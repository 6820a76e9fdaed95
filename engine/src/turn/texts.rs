//! The JSON texts a turn writes, each made once: the digest of a state is taken of the texts of its row.

use crate::{
    json,
    store::json_text::{self, JsonText},
};
use machine::{Event, State, state::Memo};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

/// What the texts of most turns have room in, in bytes.
const TURN_BYTES_USUAL: usize = 384;
/// What the memo of most states has room in, in bytes.
const MEMO_BYTES_USUAL: usize = 256;
/// How a memo begins whose seed is written elsewhere.
const SEEDLESS: &[u8] = br#"{"seed":"""#;

/// The texts of one turn: the event, the leaves before and after, the commands; one behind the other, in one allocation.
#[derive(Debug, Clone)]
pub(crate) struct TurnTexts {
    all: Vec<u8>,
    /// Where the first three end.
    ends: [usize; 3],
}

impl TurnTexts {
    /// Of a turn from these leaves to those.
    pub(crate) fn of(event: &Event, [from, to]: [&[String]; 2], commands: &impl Serialize) -> Self {
        let mut all = Vec::with_capacity(TURN_BYTES_USUAL);
        json_text::push(&mut all, &event.body);
        let event_end = all.len();
        json_text::push(&mut all, from);
        let from_end = all.len();
        json_text::push(&mut all, to);
        let to_end = all.len();
        json_text::push(&mut all, commands);
        Self { all, ends: [event_end, from_end, to_end] }
    }

    pub(crate) fn event(&self) -> JsonText<'_> {
        JsonText(&self.all[..self.ends[0]])
    }

    pub(crate) fn from(&self) -> JsonText<'_> {
        JsonText(&self.all[self.ends[0]..self.ends[1]])
    }

    pub(crate) fn to(&self) -> JsonText<'_> {
        JsonText(&self.all[self.ends[1]..self.ends[2]])
    }

    pub(crate) fn commands(&self) -> JsonText<'_> {
        JsonText(&self.all[self.ends[2]..])
    }
}

/// A context's text, which stays as long as the context does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContextText {
    text: Arc<[u8]>,
    /// About what context and text take in memory.
    pub(crate) bytes: usize,
}

impl ContextText {
    /// Of this context.
    pub(crate) fn of(context: &Value) -> Self {
        let text: Arc<[u8]> = json_text::text(context).into();
        let bytes = text.len() + json::bytes_in_memory(context);
        Self { text, bytes }
    }

    pub(crate) fn text(&self) -> JsonText<'_> {
        JsonText(&self.text)
    }
}

/// What stands in the column `origin`: the fields of the memo that turns do not change, or hardly.
#[derive(Serialize)]
struct Origin {
    seed: Arc<str>,
    input: Arc<Value>,
    scope: Arc<Value>,
}

/// What stands in a memo for a seed, an input or a scope that is written elsewhere.
static NONE: LazyLock<(Arc<str>, Arc<Value>)> = LazyLock::new(Default::default);

impl Origin {
    /// Takes it out of a memo, for as long as `work` takes.
    fn without<T>(memo: &mut Memo, work: impl FnOnce(&Memo, &Self) -> T) -> T {
        let origin = Self {
            seed: std::mem::replace(&mut memo.seed, Arc::clone(&NONE.0)),
            input: std::mem::replace(&mut memo.input, Arc::clone(&NONE.1)),
            scope: std::mem::replace(&mut memo.scope, Arc::clone(&NONE.1)),
        };
        let done = work(memo, &origin);
        (memo.seed, memo.input, memo.scope) = (origin.seed, origin.input, origin.scope);
        done
    }
}

/// The text of the column `origin`.
pub(super) fn origin(state: &State) -> Vec<u8> {
    let memo = &state.memo;
    let (seed, input, scope) = (memo.seed.clone(), memo.input.clone(), memo.scope.clone());
    json_text::text(&Origin { seed, input, scope })
}

/// About how many bytes what stands in the column `origin` takes in memory.
pub(crate) fn origin_bytes(memo: &Memo) -> usize {
    json::bytes_in_memory(&memo.input) + json::bytes_in_memory(&memo.scope)
}

/// The text of the column `memo`, which is without the origin; and the digest of the state, which is with it. The state is as it was
/// when this returns.
pub(super) fn memo_and_digest(
    state: &mut State,
    configuration: JsonText<'_>,
    context: JsonText<'_>,
) -> (Vec<u8>, [u8; 16]) {
    let (seq, life) = (state.seq, state.life);
    Origin::without(Arc::make_mut(&mut state.memo), |memo, origin| {
        let mut text = Vec::with_capacity(MEMO_BYTES_USUAL);
        json_text::push(&mut text, memo);
        let rest = text.strip_prefix(SEEDLESS).unwrap_or_default();
        let mut whole = Vec::with_capacity(2 * text.len() + context.0.len());
        // As `State` serializes; the test compares.
        whole.extend_from_slice(br#"{"seq":"#);
        json_text::push(&mut whole, &seq);
        whole.extend_from_slice(br#","life":"#);
        json_text::push(&mut whole, &life);
        whole.extend_from_slice(br#","configuration":"#);
        whole.extend_from_slice(configuration.0);
        whole.extend_from_slice(br#","memo":{"seed":"#);
        json_text::push(&mut whole, &origin.seed);
        if !origin.input.is_null() {
            whole.extend_from_slice(br#","input":"#);
            json_text::push(&mut whole, &origin.input);
        }
        if !origin.scope.is_null() {
            whole.extend_from_slice(br#","scope":"#);
            json_text::push(&mut whole, &origin.scope);
        }
        whole.extend_from_slice(rest);
        whole.extend_from_slice(br#","context":"#);
        whole.extend_from_slice(context.0);
        whole.push(b'}');
        (text, sum(&whole))
    })
}

/// What stands in history's `state_digest` for a state: the first 16 bytes of SHA-256 of its JSON.
pub fn digest(state: &State) -> [u8; 16] {
    sum(&json_text::text(state))
}

fn sum(text: &[u8]) -> [u8; 16] {
    let mut sum = [0; 16];
    sum.copy_from_slice(&Sha256::digest(text)[..16]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::Life;
    use serde_json::json;

    #[test]
    fn a_digest_made_of_texts_is_that_of_the_state() {
        let scope = json!({ "contact": { "name": "Zoë \"Z\"" } });
        // (the fields of the memo, the configuration, the context)
        let cases = [
            (json!({ "seed": "" }), vec![], json!(null)),
            (json!({ "seed": "s\"1" }), vec!["a.b"], json!({ "n": 1, "t": "\u{7}" })),
            (json!({ "seed": "s", "input": [1, null] }), vec!["a", "b"], json!({})),
            (json!({ "seed": "s", "scope": scope, "children": 3 }), vec!["a"], json!([1.5])),
            (
                json!({ "seed": "s", "input": 1, "scope": {}, "steps": { "x": { "id": "3.0", "state": "a", "kind": "noop" } },
                    "result": null, "history": { "a": ["b"] } }),
                vec!["a"],
                json!("x"),
            ),
        ];
        for (memo, configuration, context) in cases {
            let mut state = State {
                seq: 7,
                life: Life::Stuck,
                configuration: configuration.into_iter().map(str::to_owned).collect(),
                memo: Arc::new(serde_json::from_value(memo.clone()).unwrap()),
                context: Arc::new(context),
            };
            let before = state.clone();
            let leaves = json_text::text(&state.configuration);
            let context = ContextText::of(&state.context);
            let (text, told) = memo_and_digest(&mut state, JsonText(&leaves), context.text());
            assert_eq!(told, digest(&before), "{memo}");
            assert_eq!(state, before, "{memo}");
            // The row's two columns make the memo again.
            let mut row: Value = serde_json::from_slice(&text).unwrap();
            let origin: Value = serde_json::from_slice(&origin(&state)).unwrap();
            row.as_object_mut().unwrap().extend(origin.as_object().unwrap().clone());
            assert_eq!(serde_json::from_value::<Memo>(row).unwrap(), *before.memo, "{memo}");
        }
    }
}
