//! The booking, acted by a customer: what they say, what they wait for, and what must be true afterwards.

use crate::World;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A customer on the way to an appointment.
pub struct Booking {
    phone: String,
}

/// What a booking left behind, for comparing one run with another.
#[derive(Debug, PartialEq, Eq)]
pub struct Booked {
    /// Every text the customer got, in order.
    pub texts: Vec<String>,
    /// States the instance went through, in order.
    pub states: Vec<String>,
}

const NAME: &str = "Ana Souza";

/// When the appointment is: well ahead of today, on the half hour.
pub fn appointment() -> DateTime<Utc> {
    let day = (Utc::now() + TimeDelta::days(100)).date_naive();
    day.and_time(NaiveTime::from_hms_opt(10, 30, 0).expect("half past ten is a time")).and_utc()
}

/// What is said, and the words by which the answer is known.
fn script() -> Vec<(Value, &'static str)> {
    vec![
        (json!({ "text": "I want to book" }), "What would you like to book"),
        (json!({ "button": "haircut" }), "Which day and time"),
        (json!({ "text": appointment().format("%Y-%m-%d at %H:%M").to_string() }), "What name"),
        (json!({ "text": NAME }), "e-mail"),
        (json!({ "text": "ana@example.com" }), "Shall I book it"),
        (json!({ "button": "yes" }), "Done!"),
    ]
}

impl Booking {
    /// A customer with this number.
    pub fn by(phone: impl Into<String>) -> Self {
        Self { phone: phone.into() }
    }

    /// Says something; the provider's webhook is repeated until it is taken.
    pub async fn say(&self, world: &World, mut act: Value) -> Result<()> {
        act["from"] = json!(self.phone);
        act["name"] = json!(NAME);
        world.simulate("/_sim/whatsapp/inbound", &act).await?;
        Ok(())
    }

    /// Waits for a message with these words.
    pub async fn hears(&self, world: &mut World, words: &str) -> Result<()> {
        world
            .until(&format!("\"{words}\""), async |world: &mut World| {
                let items = world.conversation(&self.phone).await?;
                let is_there = |item: &Value| {
                    item["direction"] == "out"
                        && item["text"].as_str().is_some_and(|text| text.contains(words))
                };
                Ok(items.iter().any(is_there).then_some(()))
            })
            .await
    }

    /// Goes one line on if the answer to the last one has come; true when everything was said and answered. `said` counts
    /// the lines said so far.
    pub async fn go_on(&self, world: &World, said: &mut usize) -> Result<bool> {
        let script = script();
        if *said > 0 {
            let words = script[*said - 1].1;
            let items = world.conversation(&self.phone).await?;
            let is_answered = items.iter().any(|item| {
                item["direction"] == "out"
                    && item["text"].as_str().is_some_and(|text| text.contains(words))
            });
            if !is_answered {
                return Ok(false);
            }
        }
        let Some((act, _)) = script.into_iter().nth(*said) else { return Ok(true) };
        self.say(world, act).await?;
        *said += 1;
        Ok(false)
    }

    /// The end of a conversation that was gone through line by line.
    pub async fn booked(&self, world: &mut World) -> Result<Booked> {
        let instance = self.reaches(world, "until-day-before").await?;
        self.check(world, &instance).await
    }

    /// The whole conversation, up to the state that waits for the day before.
    pub async fn book(&self, world: &mut World) -> Result<Booked> {
        for (act, answer) in script() {
            self.say(world, act).await?;
            self.hears(world, answer).await?;
        }
        self.booked(world).await
    }

    /// Waits until the customer's instance is in a state.
    pub async fn reaches(&self, world: &mut World, state: &str) -> Result<Value> {
        world
            .until(&format!("the state {state}"), async |world: &mut World| {
                let Ok(instance) = self.instance(world).await else { return Ok(None) };
                Ok((instance["configuration"] == json!([state])).then_some(instance))
            })
            .await
    }

    /// The customer's one instance.
    pub async fn instance(&self, world: &World) -> Result<Value> {
        let found = world.get(&format!("/v1/instances?phone={}", self.phone)).await?;
        let items = found["items"].as_array().context("items")?;
        ensure!(items.len() == 1, "{} instances instead of one", items.len());
        world.get(&format!("/v1/instances/{}", items[0]["id"].as_str().context("an id")?)).await
    }

    /// What must hold after every run, whatever was killed on the way.
    async fn check(&self, world: &mut World, instance: &Value) -> Result<Booked> {
        let id = instance["id"].as_str().context("an id")?.to_owned();
        let turns = self.history(world, &id).await?;
        for (index, turn) in turns.iter().enumerate() {
            ensure!(turn["seq"] == json!(index + 1), "a gap in history before {turn}");
        }
        ensure!(instance["seq"] == json!(turns.len()), "history and instance disagree");
        let replay = world.post(&format!("/v1/instances/{id}/replay"), &json!({})).await?;
        ensure!(replay["divergence"].is_null(), "replay diverged: {replay}");
        let calls = world.ledger("").await?;
        let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
        for call in calls.iter().filter(|call| call["effect"] == json!(true)) {
            let provider = call["provider"].as_str().unwrap_or_default();
            if matches!(provider, "whatsapp" | "slack") {
                *effects.entry(call["key"].as_str().unwrap_or_default()).or_default() += 1;
            }
        }
        let twice: Vec<_> = effects.iter().filter(|(_, n)| **n > 1).collect();
        ensure!(twice.is_empty(), "said twice: {twice:?}");
        self.check_contact(world).await?;
        let heard = world.conversation(&self.phone).await?;
        let heard = heard.iter().filter(|item| item["direction"] == "out");
        Ok(Booked {
            texts: heard.filter_map(|item| item["text"].as_str().map(str::to_owned)).collect(),
            states: states(&turns),
        })
    }

    /// The CRM has the customer once, however often the call was made.
    async fn check_contact(&self, world: &World) -> Result<()> {
        let search = json!({ "filterGroups": [{"filters": [
            {"propertyName": "email", "operator": "EQ", "value": "ana@example.com"}
        ]}], "properties": ["email"] });
        let found = world.ask_crm("/crm/v3/objects/contacts/search", &search).await?;
        ensure!(found["total"] == json!(1), "the contact exists {} times", found["total"]);
        Ok(())
    }

    /// Every turn, page by page.
    async fn history(&self, world: &World, id: &str) -> Result<Vec<Value>> {
        let mut turns = Vec::new();
        let mut after = 0;
        loop {
            let page =
                world.get(&format!("/v1/instances/{id}/history?after={after}&limit=50")).await?;
            let items =
                page["items"].as_array().or(page.as_array()).context("a page of turns")?.clone();
            let Some(last) = items.last() else { return Ok(turns) };
            after = last["seq"].as_u64().context("a sequence number")?;
            turns.extend(items);
        }
    }
}

/// The distinct configurations of a history, in order.
fn states(turns: &[Value]) -> Vec<String> {
    let mut states: Vec<String> = Vec::new();
    for turn in turns {
        let leaves: Vec<_> =
            turn["to"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let state = leaves.join(" ");
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    states
}
