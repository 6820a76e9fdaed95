//! The demo: a simulated customer books an appointment, and everything it caused is shown.
//!
//! The customer acts through the simulator as a real one acts through WhatsApp: signed webhook in,
//! API call out.
//!
//! **Invariant:** it waits for what it expects to see, for a bounded time, and says what did not
//! come.

mod bubbles;
mod report;

use super::environment::Environment;
use crate::{
    client::Client,
    failure::{Exit, Failure},
    screen::{Screen, Style, text_of},
};
use bubbles::Side;
use chrono::{Datelike, Days, Utc};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest wait for one reply.
const REPLY_MAX: Duration = Duration::from_secs(20);
/// How often the customer's phone is looked at.
const REPLY_POLL: Duration = Duration::from_millis(30);
/// The appointment is this many days ahead: far enough for the reminder of the day before.
const DAYS_AHEAD: u64 = 5;

pub(super) const NAME: &str = "Ana Souza";
pub(super) const EMAIL: &str = "ana.souza@example.com";

/// One thing the customer does, and the words by which the answer is known.
struct Line {
    act: Value,
    answer: &'static str,
}

fn script() -> Vec<Line> {
    let day = (Utc::now().date_naive() + Days::new(DAYS_AHEAD)).weekday();
    let when = format!("{} at 10:30", weekday_name(day));
    let text = |text: &str, answer| Line { act: json!({ "text": text }), answer };
    let tap = |id: &str, answer| Line { act: json!({ "button": id }), answer };
    vec![
        text("Hi! I would like to book an appointment", "What would you like to book"),
        tap("haircut", "Which day and time"),
        text(&when, "What name"),
        text(NAME, "e-mail"),
        text(EMAIL, "Shall I book it"),
        tap("yes", "Done!"),
    ]
}

fn weekday_name(day: chrono::Weekday) -> &'static str {
    use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    match day {
        Mon => "Monday",
        Tue => "Tuesday",
        Wed => "Wednesday",
        Thu => "Thursday",
        Fri => "Friday",
        Sat => "Saturday",
        Sun => "Sunday",
    }
}

/// Acts the conversation and shows what came of it. No, when something expected did not come.
pub(super) async fn run(environment: &Environment, screen: Screen) -> anyhow::Result<Exit> {
    let demo = Demo {
        simulator: Client::at(&environment.simulator, None)?,
        api: Client::at(&environment.api, Some(environment.key.clone()))?,
        phone: new_phone(),
        screen,
        begun: Instant::now(),
    };
    let acted = match demo.act().await {
        Ok(()) => report::tell(&demo, environment).await,
        Err(error) => Err(error),
    };
    match acted {
        Ok(()) => Ok(Exit::Fine),
        Err(error) => {
            crate::failure::report(&error);
            Ok(Exit::No)
        }
    }
}

/// A customer who has never written before.
fn new_phone() -> String {
    format!("3461{:07}", Utc::now().timestamp_millis().rem_euclid(100_000_000) / 10)
}

/// One run of the demo.
struct Demo {
    simulator: Client,
    api: Client,
    phone: String,
    screen: Screen,
    begun: Instant,
}

impl Demo {
    async fn act(&self) -> anyhow::Result<()> {
        self.title(&format!("A customer, +{}, writes on WhatsApp", self.phone))?;
        let mut shown = 0;
        for line in script() {
            let mut act = line.act;
            act["from"] = json!(self.phone);
            act["name"] = json!(NAME);
            self.simulator.post(&["_sim", "whatsapp", "inbound"], &[], &act).await?;
            shown = self.show_until(line.answer, shown).await?;
        }
        Ok(())
    }

    /// Shows what comes until this answer is among it. Returns how many messages have been shown.
    async fn show_until(&self, answer: &str, mut shown: usize) -> anyhow::Result<usize> {
        let begun = Instant::now();
        loop {
            let query = [("customer", self.phone.clone())];
            let phone = self.simulator.get(&["_sim", "whatsapp", "conversation"], &query).await?;
            let items = phone["items"].as_array().map_or(&[][..], Vec::as_slice);
            let new = items.get(shown..).unwrap_or_default();
            let mut is_answered = false;
            for item in new {
                self.show(item)?;
                is_answered |=
                    item["direction"] == "out" && text_of(&item["text"]).contains(answer);
            }
            shown += new.len();
            if is_answered {
                return Ok(shown);
            }
            if begun.elapsed() > REPLY_MAX {
                return Err(Failure::refused(format!(
                    "no answer with \"{answer}\" came in {} s",
                    REPLY_MAX.as_secs()
                ))
                .help("`perdure instances` and `perdure explain ID` say where it stands")
                .into());
            }
            tokio::time::sleep(REPLY_POLL).await;
        }
    }

    fn show(&self, item: &Value) -> anyhow::Result<()> {
        if self.screen.is_json() {
            return self.screen.json(&json!({ "message": item }));
        }
        let side = if item["direction"] == "in" { Side::Left } else { Side::Right };
        let buttons: Vec<String> = item["buttons"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|button| text_of(&button["title"]))
            .collect();
        let bubble =
            bubbles::bubble(side, &text_of(&item["text"]), &local_time(&item["at"]), &buttons);
        let style = if side == Side::Left { Style::Cyan } else { Style::Green };
        bubble.lines().try_for_each(|line| self.screen.line(self.screen.paint(style, line)))?;
        Ok(())
    }

    fn title(&self, text: &str) -> anyhow::Result<()> {
        if self.screen.is_json() {
            return Ok(());
        }
        Ok(self.screen.line(format!("\n{}\n", self.screen.paint(Style::Bold, text)))?)
    }
}

/// The clock on the wall here.
fn local_time(at: &Value) -> String {
    local(at, "%H:%M:%S")
}

fn local(at: &Value, format: &str) -> String {
    let text = text_of(at);
    match chrono::DateTime::parse_from_rfc3339(&text) {
        Ok(at) => at.with_timezone(&chrono::Local).format(format).to_string(),
        Err(_) => text,
    }
}
