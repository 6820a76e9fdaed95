//! The health of a connection or channel, as a fixed machine: a circuit breaker with a place for refused credentials.
//!
//! Driven like `machine::life`: without entry actions, through [`statig::blocking::StateExt::handle`].
//!
//! **Invariant:** what is parked for its credential leaves that state only when the credential is changed.
//! **Invariant:** one probe at a time: a probe is a change of state, and changes are compare-and-set.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use statig::{blocking::StateExt, prelude::*};

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Health {
    /// Everything may pass. Stored as no row.
    Closed,
    /// It rests: nothing passes until then, and one probe after.
    Open {
        /// The end of the rest.
        until: DateTime<Utc>,
        /// How often in a row it has rested; the rest grows with it.
        rests: u32,
    },
    /// One probe is under way.
    HalfOpen {
        /// After this the probe is taken for lost.
        until: DateTime<Utc>,
        /// As before the probe.
        rests: u32,
    },
    /// The provider refuses the credential: nothing passes until it is changed.
    Parked,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Too many failures in a row, or the probe's: it rests until then.
    Fail(DateTime<Utc>),
    /// The probe went well.
    Succeed,
    /// Somebody wants to probe, now, and will have finished by then.
    Probe {
        /// Now.
        now: DateTime<Utc>,
        /// The longest it can take.
        until: DateTime<Utc>,
    },
    /// The credential was refused.
    Refuse,
    /// The credential was changed.
    Mend,
}

#[derive(Default)]
struct Rules;

#[state_machine(
    initial = "State::closed()",
    state(derive(Debug, Clone, PartialEq)),
    visibility = "pub(crate)"
)]
impl Rules {
    #[superstate]
    fn reachable(event: &Change) -> Outcome<State> {
        match event {
            Change::Refuse => Transition(State::parked()),
            Change::Mend => Transition(State::closed()),
            _ => Super,
        }
    }

    #[state(superstate = "reachable")]
    fn closed(event: &Change) -> Outcome<State> {
        match event {
            Change::Fail(until) => Transition(State::open(*until, 1)),
            _ => Super,
        }
    }

    #[state(superstate = "reachable")]
    fn open(until: &mut DateTime<Utc>, rests: &mut u32, event: &Change) -> Outcome<State> {
        match event {
            Change::Probe { now, until: by } if now >= until => {
                Transition(State::half_open(*by, *rests))
            }
            // Tries that began before it rested say nothing new.
            _ => Super,
        }
    }

    #[state(superstate = "reachable")]
    fn half_open(until: &mut DateTime<Utc>, rests: &mut u32, event: &Change) -> Outcome<State> {
        match event {
            Change::Succeed => Transition(State::closed()),
            Change::Fail(until) => Transition(State::open(*until, rests.saturating_add(1))),
            Change::Probe { now, until: by } if now >= until => {
                Transition(State::half_open(*by, *rests))
            }
            _ => Super,
        }
    }

    #[state]
    fn parked(event: &Change) -> Outcome<State> {
        match event {
            Change::Mend => Transition(State::closed()),
            _ => Super,
        }
    }
}

/// How it stands after a change, or `None` when the change means nothing here.
pub fn next(health: Health, change: Change) -> Option<Health> {
    let mut state = match health {
        Health::Closed => State::closed(),
        Health::Open { until, rests } => State::open(until, rests),
        Health::HalfOpen { until, rests } => State::half_open(until, rests),
        Health::Parked => State::parked(),
    };
    match state.handle(&mut Rules, &change, &mut ()) {
        Transition(State::Closed {}) => Some(Health::Closed),
        Transition(State::Open { until, rests }) => Some(Health::Open { until, rests }),
        Transition(State::HalfOpen { until, rests }) => Some(Health::HalfOpen { until, rests }),
        Transition(State::Parked {}) => Some(Health::Parked),
        Handled | Super => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn word(health: Health) -> String {
        match health {
            Health::Closed => "closed".to_owned(),
            Health::Open { until, rests } => format!("open({}, {rests})", until.timestamp()),
            Health::HalfOpen { until, rests } => {
                format!("half_open({}, {rests})", until.timestamp())
            }
            Health::Parked => "parked".to_owned(),
        }
    }

    #[test]
    fn every_change_from_every_health() {
        let changes = [
            ("fail", Change::Fail(at(90))),
            ("succeed", Change::Succeed),
            ("probe early", Change::Probe { now: at(10), until: at(40) }),
            ("probe", Change::Probe { now: at(20), until: at(50) }),
            ("refuse", Change::Refuse),
            ("mend", Change::Mend),
        ];
        let mut table = String::new();
        for health in [
            Health::Closed,
            Health::Open { until: at(20), rests: 1 },
            Health::HalfOpen { until: at(20), rests: 1 },
            Health::Parked,
        ] {
            let stored = serde_json::to_string(&health).unwrap();
            assert_eq!(serde_json::from_str::<Health>(&stored).unwrap(), health);
            for (name, change) in changes {
                if let Some(after) = next(health, change) {
                    table.push_str(&format!("{} --{name}--> {}\n", word(health), word(after)));
                }
            }
        }
        expect![[r#"
            closed --fail--> open(90, 1)
            closed --refuse--> parked
            closed --mend--> closed
            open(20, 1) --probe--> half_open(50, 1)
            open(20, 1) --refuse--> parked
            open(20, 1) --mend--> closed
            half_open(20, 1) --fail--> open(90, 2)
            half_open(20, 1) --succeed--> closed
            half_open(20, 1) --probe--> half_open(50, 1)
            half_open(20, 1) --refuse--> parked
            half_open(20, 1) --mend--> closed
            parked --mend--> closed
        "#]]
        .assert_eq(&table);
    }
}
