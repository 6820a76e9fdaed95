//! Invokes: the steps and child instances that run while a state is active.

use super::Parser;
use crate::{
    chart::{After, Descriptor, Invoke, Policy, Source, StateId, Transition},
    json::Json,
    kinds,
    pacing::{Pace, Rate},
    spec::{Effect, OnUnknown},
};
use serde::Deserialize;

/// What a state gets from its invokes, and the transitions and timers of its own that are added to it.
pub(super) struct Invoked {
    pub(super) state: StateId,
    pub(super) invokes: Vec<Invoke>,
    pub(super) on: Vec<Transition>,
    pub(super) after: Vec<After>,
}

/// `policy` of an invoke: whatever differs from the kind's defaults.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct PolicyFields {
    timeout_ms: Option<u64>,
    max_attempts: Option<u32>,
    backoff_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    on_unknown: Option<OnUnknown>,
    accept_duplicates: bool,
    rate: Option<String>,
}

const BACKOFF_MS: u64 = 1_000;
const BACKOFF_MAX_MS: u64 = 5 * 60 * 1_000;
const CHILD_TIMEOUT_MS: u64 = 30_000;

impl Parser<'_> {
    pub(super) fn invoked(&mut self, config: &Json, state: StateId, pointer: &str) -> Invoked {
        let mut invoked = Invoked { state, invokes: Vec::new(), on: Vec::new(), after: Vec::new() };
        let Some(json) = config.get("invoke") else { return invoked };
        let is_list = matches!(json, Json::Array(_));
        for (index, item) in json.items().into_iter().enumerate() {
            let at = if is_list {
                format!("{pointer}/invoke/{index}")
            } else {
                format!("{pointer}/invoke")
            };
            let state_id = &self.outline.sketch(state).id;
            let explicit = item.get("id").and_then(Json::as_str);
            let id = explicit.map_or_else(|| format!("{index}.{state_id}"), str::to_owned);
            self.invoke(item, id, &at, &mut invoked);
        }
        invoked
    }

    fn invoke(&mut self, json: &Json, id: String, at: &str, out: &mut Invoked) {
        let state = out.state;
        const KNOWN: [&str; 14] = [
            "id",
            "src",
            "input",
            "onDone",
            "onError",
            "onSnapshot",
            "timeout",
            "onTimeout",
            "policy",
            "detach",
            "each",
            "systemId",
            "registryKey",
            "type",
        ];
        self.known_fields(json, &KNOWN, at);
        if json.get("onSnapshot").is_some() {
            self.error(
                "not-supported",
                &format!("{at}/onSnapshot"),
                "`onSnapshot` is not run here",
            );
        }
        let done = Descriptor::Exact(format!("xstate.done.actor.{id}"));
        let error = Descriptor::Exact(format!("xstate.error.actor.{id}"));
        let on_done =
            self.transitions(json.get("onDone"), state, Some(&done), &format!("{at}/onDone"));
        let on_error =
            self.transitions(json.get("onError"), state, Some(&error), &format!("{at}/onError"));
        out.on.extend(on_done.into_iter().chain(on_error));
        self.timeout(json, &format!("xstate.timeout.actor.{id}"), at, out);
        let Some((source, policy)) = self.source(json, at) else { return };
        let each = self.each(json, &source, at);
        let input = self.invoke_input(json, each.as_ref(), at);
        out.invokes.push(Invoke { id, source, input, policy, each, pointer: at.to_owned() });
    }

    /// `timeout` with `onTimeout`, on a state or on an invoke; one without the other is an error.
    pub(super) fn timeout(&mut self, json: &Json, event: &str, at: &str, out: &mut Invoked) {
        let state = out.state;
        match (json.get("timeout"), json.get("onTimeout")) {
            (None, None) => {}
            (Some(delay), Some(on_timeout)) => {
                let descriptor = Descriptor::Exact(event.to_owned());
                let pointer = format!("{at}/onTimeout");
                out.on.extend(self.transitions(
                    Some(on_timeout),
                    state,
                    Some(&descriptor),
                    &pointer,
                ));
                if let Some(delay) = self.delay(delay, &format!("{at}/timeout")) {
                    out.after.push(After { event: event.to_owned(), delay });
                }
            }
            _ => self.error("timeout-pair", at, "`timeout` and `onTimeout` belong together"),
        }
    }

    /// What `src` names, and how it is attempted; of an invoke or an undo step.
    pub(super) fn source(&mut self, json: &Json, at: &str) -> Option<(Source, Policy)> {
        let pointer = format!("{at}/src");
        let Some(src) = json.get("src").and_then(Json::as_str) else {
            self.error(
                "unknown-kind",
                &pointer,
                "`src` names what is invoked: a node kind or workflow:<name>",
            );
            return None;
        };
        if src == "@perdure.compensate" {
            return Some((Source::Compensate, child_policy()));
        }
        if let Some(name) = src.strip_prefix("workflow:") {
            let detach = json.get("detach").and_then(Json::as_bool).unwrap_or(false);
            let source = Source::Workflow { name: name.to_owned(), detach };
            return Some((source, child_policy()));
        }
        let effect = kinds::find(src).and_then(|spec| spec.effect);
        let Some(effect) = effect else {
            let near = kinds::nearest(src)
                .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            self.error_with_help(
                "unknown-kind",
                &pointer,
                format!("`{src}` is not a kind of step"),
                &format!(
                    "{near}the kinds are listed by `perdure kinds`; a child is `workflow:<name>`"
                ),
            );
            return None;
        };
        let policy = self.policy(json.get("policy"), &effect, json, at);
        Some((Source::Kind(src.to_owned()), policy))
    }

    fn policy(&mut self, given: Option<&Json>, effect: &Effect, invoke: &Json, at: &str) -> Policy {
        let pointer = format!("{at}/policy");
        let fields = given.map_or_else(
            || Ok(PolicyFields::default()),
            |json| serde_json::from_value(json.to_value()),
        );
        let fields = fields.unwrap_or_else(|error| {
            self.error("policy-shape", &pointer, format!("the policy cannot be read: {error}"));
            PolicyFields::default()
        });
        let input = invoke.get("input").map_or(serde_json::Value::Null, Json::to_value);
        let is_idempotent = (effect.is_idempotent)(&input);
        if fields.on_unknown == Some(OnUnknown::Retry)
            && !is_idempotent
            && !fields.accept_duplicates
        {
            self.error_with_help(
                "unsafe-retry",
                &format!("{pointer}/onUnknown"),
                "trying this step again can do it twice".to_owned(),
                "use `check` or `ask`, or accept it with \"acceptDuplicates\": true",
            );
        }
        let default = if is_idempotent { OnUnknown::Retry } else { effect.on_unknown };
        Policy {
            timeout_ms: fields.timeout_ms.unwrap_or(effect.timeout_ms).max(1),
            max_attempts: fields.max_attempts.unwrap_or(effect.attempts_max).max(1),
            backoff_ms: fields.backoff_ms.unwrap_or(BACKOFF_MS),
            backoff_max_ms: fields.backoff_max_ms.unwrap_or(BACKOFF_MAX_MS),
            on_unknown: fields.on_unknown.unwrap_or(default),
            priority: None,
            paces: self.pace(fields.rate.as_deref(), &pointer).into_iter().collect(),
        }
    }

    /// A step's own rate; its name is known when the whole definition is.
    fn pace(&mut self, rate: Option<&str>, pointer: &str) -> Option<Pace> {
        let rate = rate?;
        let parsed = Rate::parse(rate).map(|rate| Pace { key: String::new(), rate });
        if parsed.is_none() {
            self.error_with_help(
                "policy-shape",
                &format!("{pointer}/rate"),
                format!("`{}` is not a rate", rate.escape_debug()),
                "so many in so long: \"80/s\", \"100/10s\", \"1/6s\"",
            );
        }
        parsed
    }
}

/// Starting a child is a row in our own transaction: it has no unknown outcome.
fn child_policy() -> Policy {
    Policy {
        timeout_ms: CHILD_TIMEOUT_MS,
        max_attempts: 1,
        backoff_ms: BACKOFF_MS,
        backoff_max_ms: BACKOFF_MAX_MS,
        on_unknown: OnUnknown::Ask,
        priority: None,
        paces: Vec::new(),
    }
}
