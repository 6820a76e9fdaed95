//! Timers that were computed from the tenant's calendars, hours or zone, after these have changed.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

use chrono::{DateTime, Utc};
use expect_test::{Expect, expect};
use perdure_machine::{
    Command, Event, Start, State,
    event::kind,
    replay::{Recorded, replay},
    start, step,
};
use serde_json::{Value, json};
use std::fmt::Write;
use workflows::{compile::compile, definition::Definition};

/// A Sunday.
fn at(hours: i64) -> DateTime<Utc> {
    let sunday: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
    sunday + chrono::TimeDelta::hours(hours)
}

fn definition(machine: &Value) -> Definition {
    let compiled = compile(machine.to_string().as_bytes(), Some("m"));
    compiled.definition.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

/// Open every day from a time on.
fn tenant(opens: &str) -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let hours: serde_json::Map<_, _> =
        days.iter().map(|day| ((*day).to_owned(), json!([[opens, "18:00"]]))).collect();
    json!({ "id": "t", "timeZone": "UTC", "calendars": { "shop": hours } })
}

/// An instance, everything that happened to it, and a row of text for each of these.
struct World {
    definition: Definition,
    state: State,
    history: Vec<Recorded>,
    rows: String,
}

impl World {
    /// Waits for the expression, in a tenant that opens at nine.
    fn waits_for(delay: &str) -> Self {
        let machine = json!({ "id": "m", "initial": "wait", "context": { "shop": "shop", "n": 3 },
            "delays": { "opening": { "@expr": delay } },
            "states": {
                "wait": { "after": { "opening": "open" }, "initial": "a", "states": { "a": {} },
                    "on": { "move": { "actions": { "type": "@xstate.assign", "context": { "shop": "none", "n": 9 } } } } },
                "open": {} } });
        Self::of(&machine)
    }

    fn of(machine: &Value) -> Self {
        let definition = definition(machine);
        let scope = json!({ "tenant": tenant("09:00"), "contact": { "name": "Ada" } });
        let begin =
            Start { at: at(0), seed: "s".to_owned(), input: json!({}), scope, trigger: None };
        let event = perdure_machine::started(&begin);
        let mut world = Self {
            definition,
            state: State::unborn("s".to_owned()),
            history: Vec::new(),
            rows: String::new(),
        };
        assert_eq!(start(&world.definition, begin).commands, world.take(event));
        world
    }

    fn take(&mut self, event: Event) -> Vec<Command> {
        // As the store gives it back.
        let text = serde_json::to_string(&self.state).unwrap();
        let state: State = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), text);
        let done = step(&self.definition, state, &event);
        self.state = done.state;
        write!(self.rows, "{:?} {}", self.state.life, done.verdict.as_str()).unwrap();
        for command in &done.commands {
            match command {
                Command::SetTimer { id, due, .. } => write!(self.rows, " +{id} {due:?}"),
                Command::CancelTimer { timer, .. } => write!(self.rows, " -{timer}"),
                other => write!(self.rows, " {}", json!(other)),
            }
            .unwrap();
        }
        self.rows.push('\n');
        self.history.push(Recorded {
            seq: self.state.seq,
            event,
            to: self.state.configuration.clone(),
            commands: done.commands.clone(),
        });
        done.commands
    }

    fn send(&mut self, hours: i64, kind: &str, fields: Value) {
        self.take(Event::new(at(hours), kind, fields));
    }

    fn changed(&mut self, hours: i64, tenant: Value) {
        self.send(hours, kind::RESCHEDULE, json!({ "scope": { "tenant": tenant } }));
    }

    /// What was done, which history repeats.
    fn end(self, wanted: Expect) {
        let replayed = replay(&self.definition, "s", &self.history);
        assert_eq!(replayed.divergence, None);
        assert_eq!(replayed.state, self.state);
        wanted.assert_eq(&self.rows);
    }
}

const OPENING: &str =
    "next_open(tenant.calendars[context.shop], \"tenant\", now + duration(\"10h\"))";

#[test]
fn it_follows_what_changed() {
    let mut world = World::waits_for(OPENING);
    world.changed(1, tenant("11:00"));
    world.changed(2, tenant("11:00"));
    world.changed(3, tenant("08:30"));
    // Its moment has passed: it fires at once, and not before its time.
    world.changed(18, tenant("05:00"));
    // It is over by now, whatever is changed.
    world.changed(18, tenant("20:00"));
    let timer = world.state.memo.timers.values().next().unwrap().id;
    world.send(18, kind::TIMER, json!({ "timer": timer }));
    world.end(expect![[r#"
        Active applied +1.0 2026-03-02T09:00:00Z
        Active applied -1.0 +2.0 2026-03-02T11:00:00Z
        Active applied
        Active applied -2.0 +4.0 2026-03-02T08:30:00Z
        Active applied -4.0 +5.0 2026-03-02T05:00:00Z
        Active applied
        Active applied
    "#]]);
}

/// What the workflow has become since does not move it: only what the tenant has changed.
#[test]
fn it_sees_the_rest_as_it_was() {
    let mut world = World::waits_for(&format!(
        "!in_state('wait.a') && context.n == 3 ? timestamp({OPENING}) + duration(string(int(random() * 60)) + \"m\") : now"
    ));
    world.send(1, "move", json!({}));
    world.changed(1, tenant("09:00"));
    world.changed(1, tenant("10:00"));
    world.end(expect![[r#"
        Active applied +1.0 2026-03-02T09:53:00Z
        Active applied
        Active applied
        Active applied -1.0 +4.0 2026-03-02T10:53:00Z
    "#]]);
}

#[test]
fn whatever_its_life_is() {
    let mut world = World::waits_for(OPENING);
    world.send(1, kind::SUSPEND, json!({}));
    world.changed(2, tenant("11:00"));
    // It fires into the suspension, and stays as it was promised.
    let timer = world.state.memo.timers.values().next().unwrap().id;
    world.send(23, kind::TIMER, json!({ "timer": timer }));
    world.changed(24, tenant("20:00"));
    world.send(25, kind::RESUME, json!({}));
    assert_eq!(world.state.configuration, ["open"]);
    world.send(26, kind::CANCEL, json!({}));
    world.changed(27, tenant("11:00"));
    world.end(expect![[r#"
        Active applied +1.0 2026-03-02T09:00:00Z
        Suspended applied
        Suspended applied -1.0 +3.0 2026-03-02T11:00:00Z
        Suspended held
        Suspended applied
        Active applied
        Cancelled applied
        Cancelled dropped
    "#]]);
}

/// Without the calendar it stays where it is, and comes back under its rule with it.
#[test]
fn what_cannot_be_computed_stays() {
    let mut world = World::waits_for(OPENING);
    world.changed(1, json!({ "id": "t" }));
    world.changed(2, tenant("10:00"));
    world.end(expect![[r#"
        Active applied +1.0 2026-03-02T09:00:00Z
        Active applied {"message":{"notRescheduled":{"timer":"xstate.after.opening.m.wait","timers":1,"why":"there is no field `calendars` in `tenant`"}},"type":"log"}
        Active applied -1.0 +3.0 2026-03-02T10:00:00Z
    "#]]);
}

#[test]
fn only_what_depends_on_the_tenant_is_kept() {
    // (delay, what its timer keeps)
    let cases = [
        ("60000", json!(null)),
        ("context.n * 1000", json!(null)),
        ("now + duration('1h')", json!(null)),
        ("timestamp('2026-03-02T09:00:00+02:00')", json!(null)),
        ("timestamp(context.shop == 'x' ? '2026-03-02' : '2026-03-02T09:00:00Z')", json!(null)),
        (
            "context.n > 5 ? next_open(tenant.hours) : timestamp('2026-03-02T09:00:00Z')",
            json!(null),
        ),
        ("timestamp('2026-03-02T09:00')", json!({})),
        ("next_time('0 9 * * *')", json!({})),
        ("tenant.timeZone == 'UTC' ? 1000 : 2000", json!({})),
        ("now.getHours('Africa/Nairobi') > 4 ? 1000 : 2000", json!({})),
        (OPENING, json!({ "given": { "context": { "shop": "shop" } } })),
        (
            "event.type == 'x' ? 1 : default(context.none.at, next_time('0 9 * * *'))",
            json!({ "given": { "context": {}, "event": { "type": "xstate.init" } } }),
        ),
    ];
    for (delay, wanted) in cases {
        let world = World::waits_for(delay);
        let timer = json!(world.state.memo.timers.values().next().unwrap());
        let mut rule = timer.get("rule").cloned().unwrap_or(Value::Null);
        if let Some(rule) = rule.as_object_mut() {
            assert_eq!(rule.remove("delay"), Some(json!(delay)));
            assert_eq!(rule.remove("at"), Some(json!(at(0))));
        }
        assert_eq!(rule, wanted, "{delay}");
    }
}

/// What is raised later follows too; two waits of one instance are moved in one turn.
#[test]
fn raised_events_follow() {
    let delay = json!({ "@expr": OPENING });
    let raise = json!({ "type": "@xstate.raise", "event": { "type": "morning" }, "delay": delay, "id": "x" });
    let machine = json!({ "id": "m", "initial": "wait", "context": { "shop": "shop" },
        "states": { "wait": { "entry": raise, "after": [{ "delay": delay, "target": "open" }], "on": { "morning": "open" } },
            "open": {} } });
    let mut world = World::of(&machine);
    world.changed(1, tenant("10:00"));
    world.end(expect![[r#"
        Active applied +1.0 2026-03-02T09:00:00Z
        Active applied -1.0 +2.0 2026-03-02T10:00:00Z
    "#]]);
}
