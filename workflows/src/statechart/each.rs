//! `each` of an invoke: which list it runs over, how many at a time, and what a failure does.

use super::Parser;
use crate::{
    chart::{Each, Mapper, OnFailure, Source},
    expr::Type,
    json::Json,
    limits,
};
use std::borrow::Cow;

const KNOWN: [&str; 5] = ["items", "as", "concurrency", "max", "onFailure"];
/// What the input calls the item when `as` does not say.
const NAME: &str = "item";
/// The place of the item, from 0.
const INDEX: &str = "index";

impl Parser<'_> {
    /// `None` without an `each`, or when it cannot be read; that has been told then.
    pub(super) fn each(&mut self, invoke: &Json, source: &Source, at: &str) -> Option<Each> {
        let json = invoke.get("each")?;
        let at = format!("{at}/each");
        if !matches!(json, Json::Object(_)) {
            self.each_shape(&at, "`each` is an object");
            return None;
        }
        if *source == Source::Compensate {
            self.each_shape(&at, "compensating runs the registered undo steps, not a list");
            return None;
        }
        self.known_fields(json, &KNOWN, &at);
        let items = self.each_items(json.get("items"), &format!("{at}/items"));
        let name = self.each_name(json.get("as"), &format!("{at}/as"));
        let is_detached = matches!(source, Source::Workflow { detach: true, .. });
        let most = match is_detached {
            true => limits::MAP_ITEMS_DETACHED_MAX,
            false => limits::MAP_ITEMS_MAX,
        };
        let default = limits::MAP_ITEMS_DEFAULT.min(most);
        let max = self.count(json.get("max"), (default, most), &format!("{at}/max"));
        let bounds = (limits::MAP_CONCURRENCY_DEFAULT, limits::MAP_CONCURRENCY_MAX);
        let concurrency = self.count(json.get("concurrency"), bounds, &format!("{at}/concurrency"));
        let on_failure = self.on_failure(json.get("onFailure"), &format!("{at}/onFailure"));
        Some(Each { items: items?, name: name?, concurrency: concurrency?, max: max?, on_failure })
    }

    /// An invoke's input; with an `each` it sees the item and its place.
    pub(super) fn invoke_input(&mut self, invoke: &Json, each: Option<&Each>, at: &str) -> Mapper {
        let Some(input) = invoke.get("input") else {
            return Mapper::Literal(serde_json::json!({}));
        };
        let pointer = format!("{at}/input");
        let Some(each) = each else { return self.mapper(input, &pointer, true) };
        let within = self.types.clone().into_owned();
        let within = within.with(each.name.as_str(), Type::Dyn).with(INDEX, Type::Int);
        let outside = std::mem::replace(&mut self.types, Cow::Owned(within));
        let input = self.mapper(input, &pointer, true);
        self.types = outside;
        input
    }

    fn each_items(&mut self, json: Option<&Json>, at: &str) -> Option<Mapper> {
        let Some(json) = json else {
            self.each_shape(at, "`each` does not say which list it runs over");
            return None;
        };
        let items = self.mapper(json, at, false);
        match &items {
            Mapper::Literal(value) if !value.is_array() => {
                // An expression that cannot be read has been told.
                if json.get("@expr").is_none() {
                    self.each_shape(at, "`items` is a list, or an expression that gives one");
                }
                return None;
            }
            Mapper::Template(_) | Mapper::Object(_) => {
                self.each_shape(at, "`items` is a list, or an expression that gives one");
                return None;
            }
            Mapper::Expression(expression) => {
                let ty = expression.check(&self.types).ty;
                if !matches!(ty, Type::List(_) | Type::Dyn) {
                    self.each_shape(at, &format!("`items` gives {ty}, and a list is needed"));
                }
            }
            Mapper::Literal(_) | Mapper::Array(_) => {}
        }
        Some(items)
    }

    fn each_name(&mut self, json: Option<&Json>, at: &str) -> Option<String> {
        let Some(json) = json else { return Some(NAME.to_owned()) };
        let name = json.as_str().unwrap_or_default();
        let mut letters = name.chars();
        let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_taken = self.types.get(name).is_some() || [INDEX, "params"].contains(&name);
        if !is_name || is_taken {
            let why = match is_name {
                true => format!("`{name}` means something else in expressions already"),
                false => "`as` is a name: letters, digits and `_`".to_owned(),
            };
            self.each_shape(at, &why);
            return None;
        }
        Some(name.to_owned())
    }

    fn count(&mut self, json: Option<&Json>, (default, most): (u32, u32), at: &str) -> Option<u32> {
        let Some(json) = json else { return Some(default) };
        let count = json.as_i64().and_then(|count| u32::try_from(count).ok());
        let count = count.filter(|count| (1..=most).contains(count));
        if count.is_none() {
            self.each_shape(at, &format!("this is a whole number from 1 to {most}"));
        }
        count
    }

    fn on_failure(&mut self, json: Option<&Json>, at: &str) -> OnFailure {
        match json.map(|json| json.as_str().unwrap_or_default()) {
            None | Some("stop") => OnFailure::Stop,
            Some("collect") => OnFailure::Collect,
            Some(_) => {
                self.each_shape(at, "`onFailure` is `stop` or `collect`");
                OnFailure::Stop
            }
        }
    }

    fn each_shape(&mut self, at: &str, why: &str) {
        self.error_with_help(
            "each-shape",
            at,
            why.to_owned(),
            "{\"items\": {\"@expr\": \"context.orders\"}, \"as\": \"order\", \"concurrency\": 10}",
        );
    }
}
