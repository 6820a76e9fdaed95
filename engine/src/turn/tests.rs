//! Chains of turns: what a batch writes after several events for one instance.

use super::*;
use crate::ids;
use chrono::TimeDelta;
use machine::Start;
use serde_json::Value;
use std::fmt::Write;

/// A machine with a step, a timer and a child, and ways between them.
fn definition() -> Arc<Definition> {
    let source = json!({
        "initial": "idle",
        "states": {
            "idle": { "on": { "work": "working", "sleep": "asleep", "family": "family", "end": "end" } },
            "working": {
                "invoke": { "id": "step", "src": "http.request", "input": { "url": "https://example.test" },
                            "onDone": "idle" },
                "on": { "stop": "idle" }
            },
            "asleep": { "after": { "1000": "idle" }, "on": { "stop": "idle" } },
            "family": { "invoke": { "id": "child", "src": "workflow:child" }, "on": { "stop": "idle" } },
            "end": { "type": "final" }
        }
    });
    let compiled = workflows::compile::compile(source.to_string().as_bytes(), Some("test"));
    Arc::new(compiled.definition.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)))
}

fn chain() -> Chain {
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let definition = definition();
    let id = Uuid::from_u128(7);
    let meta = Meta {
        tenant: Uuid::from_u128(1),
        id,
        shard: ids::shard_of(id, None),
        definition: "test".to_owned(),
        version: 1,
        digest: definition.digest.clone(),
        key: None,
        conversation: None,
        parent: None,
        created_at: at,
    };
    let start =
        Start { at, seed: id.to_string(), input: Value::Null, scope: Value::Null, trigger: None };
    let mut chain = Chain::unborn(meta, definition);
    assert_eq!(chain.take(&given(machine::started(&start), None)), Taken::Turn);
    chain
}

fn given(event: Event, claim: Option<Claim>) -> Given {
    Given { event_id: Uuid::nil(), event, actor: "test".into(), claim, halt: None }
}

/// `name`, `done <seq>.<index> <fence>`, `failed …`, `lost <seq>.<index>` (a child), or `fired <seq>.<index>`.
fn parse(chain: &Chain, word: &str) -> Given {
    let parts: Vec<&str> = word.split(' ').collect();
    let event = |kind, fields| Event::new(chain.at, kind, fields);
    match parts.as_slice() {
        [kind @ ("done" | "failed"), step, fence] => {
            let claim = Claim::Step(Settlement {
                step: step.parse().unwrap(),
                fence: fence.parse().unwrap(),
                unwritten: None,
            });
            let kind = if *kind == "done" { "step.done" } else { "step.failed" };
            given(event(kind, json!({ "id": "step", "step": step })), Some(claim))
        }
        ["lost", child] => {
            let error = json!({ "code": "cancelled", "message": "" });
            let fields = json!({ "id": "child", "step": child, "error": error });
            given(event("step.failed", fields), None)
        }
        ["fired", timer] => {
            let id: CommandId = timer.parse().unwrap();
            let name = chain.state.memo.timers.iter().find(|(_, t)| t.id == id);
            let name = name.map(|(name, _)| name.clone()).unwrap_or_default();
            let mut fired = event("timer", json!({ "id": name, "timer": timer }));
            fired.at += TimeDelta::seconds(1);
            given(fired, Some(Claim::Timer(id)))
        }
        _ => given(event(word, Value::Null), None),
    }
}

fn show(chain: &Chain) -> String {
    let mut text = format!("{} seq {}", chain.status(), chain.state.seq);
    let effects = &chain.effects;
    for id in effects.steps.keys() {
        write!(text, ", open {id}").unwrap();
    }
    for (id, fence) in &effects.closed {
        write!(text, ", close {id} {fence:?}").unwrap();
    }
    for (id, fence) in &effects.parked {
        write!(text, ", park {id} {fence}").unwrap();
    }
    for id in &effects.retried {
        write!(text, ", retry {id}").unwrap();
    }
    for id in effects.timers.keys() {
        write!(text, ", set {id}").unwrap();
    }
    for (id, has_fired) in &effects.stopped {
        write!(text, ", drop {id}{}", if *has_fired { " fired" } else { "" }).unwrap();
    }
    for sent in &effects.sent {
        write!(text, ", send {}", sent.body["type"]).unwrap();
    }
    match &effects.incident {
        Some(Some(incident)) => write!(text, ", incident {}", incident.code).unwrap(),
        Some(None) => text.push_str(", solved"),
        None => {}
    }
    text
}

#[test]
fn a_chain_is_folded() {
    // (events of one batch, those of the next one, what the next one writes)
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&[], &[], "waiting seq 1"),
        (&[], &["work"], "running seq 2, open 2.0"),
        (&[], &["work", "stop"], "waiting seq 3"),
        (&["work"], &["stop"], "waiting seq 3, close 2.0 None"),
        (&["work"], &["done 2.0 4"], "waiting seq 3, close 2.0 Some(4)"),
        (&["work"], &["done 2.0 4", "done 2.0 4"], "waiting seq 3, close 2.0 Some(4)"),
        (&["work"], &["stop", "done 2.0 4"], "waiting seq 4, close 2.0 None"),
        (&["work"], &["failed 2.0 4"], "stuck seq 3, park 2.0 4, incident step-failed"),
        (&["work"], &["failed 2.0 4", "ops.retry"], "running seq 4, park 2.0 4, retry 2.0, solved"),
        (&["work", "failed 2.0 4"], &["ops.retry"], "running seq 4, retry 2.0, solved"),
        (&["work", "failed 2.0 4"], &["ops.skip"], "waiting seq 4, close 2.0 None, solved"),
        (
            &["work", "failed 2.0 4"],
            &["ops.retry", "stop"],
            "waiting seq 5, close 2.0 None, solved",
        ),
        (&["work"], &["ops.suspend", "done 2.0 4"], "suspended seq 4, park 2.0 4"),
        (&["work", "ops.suspend", "done 2.0 4"], &["ops.resume"], "waiting seq 5, close 2.0 None"),
        (&["sleep"], &["fired 2.0"], "waiting seq 3, drop 2.0 fired"),
        (&["sleep"], &["stop"], "waiting seq 3, drop 2.0"),
        (&["sleep"], &["stop", "fired 2.0"], "waiting seq 3, drop 2.0"),
        (&[], &["sleep", "stop", "sleep"], "waiting seq 4, set 4.0"),
        (&[], &["family"], "running seq 2, send \"started\""),
        (&["family"], &["stop"], "waiting seq 3, send \"ops.cancel\""),
        (&[], &["end"], "completed seq 2"),
        (&["family", "lost 2.0"], &["ops.retry"], "running seq 4, send \"started\", solved"),
        (
            &["family", "lost 2.0"],
            &["ops.retry", "stop"],
            "waiting seq 5, send \"started\", send \"ops.cancel\", solved",
        ),
        (&["work"], &["ops.cancel"], "cancelled seq 3, close 2.0 None"),
    ];
    for (before, events, wanted) in cases {
        let mut chain = chain();
        for word in *before {
            let given = parse(&chain, word);
            chain.take(&given);
        }
        // The next batch begins with what the last one wrote.
        chain.effects = Effects::default();
        chain.turns.clear();
        for word in *events {
            let given = parse(&chain, word);
            chain.take(&given);
        }
        assert_eq!(show(&chain), *wanted, "{before:?}, then {events:?}");
    }
}

#[test]
fn an_event_that_cannot_be_stored_makes_the_instance_stuck() {
    let mut chain = chain();
    let mut given = parse(&chain, "work");
    given.halt = Some(("storage".to_owned(), "no room".to_owned()));
    assert_eq!(chain.take(&given), Taken::Turn);
    assert_eq!(show(&chain), "stuck seq 2, incident storage");
    let commands: Vec<Command> = serde_json::from_slice(chain.turns[1].texts.commands().0).unwrap();
    assert_eq!(halted(&commands), Some(("storage", "no room")));
    // Nothing is lost: a retry applies the event.
    let retry = parse(&chain, "ops.retry");
    chain.take(&retry);
    assert_eq!(chain.status(), "running", "{:?}", chain.state);
}

#[test]
fn a_verb_that_cannot_be_stored_is_not_kept() {
    let mut chain = chain();
    let failed = |chain: &mut Chain, word: &str| {
        let mut given = parse(chain, word);
        given.halt = Some(("storage".to_owned(), "no room".to_owned()));
        chain.take(&given);
    };
    failed(&mut chain, "work");
    failed(&mut chain, "ops.retry");
    assert_eq!(chain.state.memo.held.len(), 1, "{:?}", chain.state);
    let retry = parse(&chain, "ops.retry");
    chain.take(&retry);
    assert_eq!(show(&chain), "running seq 4, open 4.0, solved");
}

#[test]
fn time_never_goes_back() {
    let mut chain = chain();
    let mut late = parse(&chain, "sleep");
    late.event.at -= TimeDelta::hours(1);
    chain.take(&late);
    assert_eq!(chain.turns[1].at, chain.turns[0].at);
}
