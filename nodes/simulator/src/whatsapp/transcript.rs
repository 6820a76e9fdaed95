//! The conversation as the customer's phone shows it.

use serde::Serialize;
use serde_json::{Value, json};

/// One bubble.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Item {
    /// `in` from the customer, `out` to them.
    pub(crate) direction: &'static str,
    pub(crate) at: String,
    pub(crate) kind: String,
    pub(crate) text: String,
    /// What can be tapped.
    pub(crate) buttons: Vec<Choice>,
    pub(crate) id: String,
    #[serde(skip)]
    pub(crate) customer: String,
}

/// A button of a message, or a row of its list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(skip)]
    pub(crate) is_row: bool,
}

impl Item {
    /// What an accepted send shows.
    pub(crate) fn sent(wamid: &str, customer: &str, body: &Value, at: String) -> Item {
        let kind = body["type"].as_str().unwrap_or("text").to_owned();
        let content = &body[&kind];
        let text = match kind.as_str() {
            "text" => content["body"].as_str().unwrap_or_default().to_owned(),
            "interactive" => content["body"]["text"].as_str().unwrap_or_default().to_owned(),
            "template" => template_text(content),
            _ => content["caption"].as_str().unwrap_or_default().to_owned(),
        };
        let action = &content["action"];
        let rows = action["sections"].as_array().into_iter().flatten();
        let rows = rows.flat_map(|section| section["rows"].as_array().into_iter().flatten());
        let replies = action["buttons"].as_array().into_iter().flatten();
        let buttons = replies
            .map(|button| (&button["reply"], false))
            .chain(rows.map(|row| (row, true)))
            .map(|(choice, is_row)| Choice {
                id: choice["id"].as_str().unwrap_or_default().to_owned(),
                title: choice["title"].as_str().unwrap_or_default().to_owned(),
                is_row,
            })
            .collect();
        let (id, customer) = (wamid.to_owned(), customer.to_owned());
        Item { direction: "out", at, kind, text, buttons, id, customer }
    }
}

fn template_text(content: &Value) -> String {
    let components = content["components"].as_array().into_iter().flatten();
    let params = components
        .flat_map(|component| component["parameters"].as_array().into_iter().flatten())
        .filter_map(|parameter| parameter["text"].as_str());
    let params: Vec<&str> = params.collect();
    format!("[{}] {}", content["name"].as_str().unwrap_or_default(), params.join(", "))
}

/// Every conversation, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Transcript(Vec<Item>);

impl Transcript {
    pub(crate) fn add(&mut self, item: Item) {
        self.0.push(item);
    }

    /// `{"items": [...]}` of one customer.
    pub(crate) fn view(&self, customer: &str) -> Value {
        let customer = customer.trim_start_matches('+');
        let items = self.0.iter().filter(|item| item.customer == customer);
        json!({ "items": items.collect::<Vec<_>>() })
    }

    /// The button or row with this title or id on the customer's last interactive message, and that message's id.
    pub(crate) fn choice(&self, customer: &str, wanted: &str) -> Option<(Choice, String)> {
        let mut newest_first = self.0.iter().rev();
        let last = newest_first.find(|item| {
            item.customer == customer && item.direction == "out" && !item.buttons.is_empty()
        })?;
        let is_wanted = |choice: &&Choice| {
            choice.id == wanted || choice.title.to_lowercase() == wanted.to_lowercase()
        };
        last.buttons.iter().find(is_wanted).map(|choice| (choice.clone(), last.id.clone()))
    }
}
