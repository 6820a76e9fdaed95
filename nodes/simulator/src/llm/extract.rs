//! Fills a JSON Schema from a text by simple rules, in place of a model that understands.
//!
//! What the text does not say becomes null where the schema allows it, is left out where it is not required, and is a
//! default of the right type otherwise.

use super::words::Text;
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

/// Deepest schema that is followed.
const DEPTH_MAX: usize = 16;

/// A value that fits the schema, with everything in it that the text says.
pub(crate) fn fill(schema: &Value, text: &str, today: NaiveDate) -> Value {
    let reader = Reader { text: Text::read(text, today) };
    reader.value("", schema, 0).unwrap_or_else(|| default_of(schema))
}

struct Reader {
    text: Text,
}

/// What a property is about, by its format or name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Topic {
    Date,
    Time,
    DateTime,
    Email,
    Phone,
    Name,
    Whole,
    Other,
}

impl Reader {
    /// What the text says about this property; `None` if nothing.
    fn value(&self, name: &str, schema: &Value, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        if let Some(one) = schema.get("const") {
            return Some(one.clone());
        }
        if let Some(members) = schema["enum"].as_array() {
            return self.member(members);
        }
        let either = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        if let Some(options) = either {
            return options.iter().find_map(|option| self.value(name, option, depth + 1));
        }
        match type_of(schema) {
            "object" => Some(self.object(schema, depth)),
            "array" => self.array(name, schema, depth),
            "integer" => self.text.number(name).map(|number| json!(number.trunc() as i64)),
            "number" => self.text.number(name).map(|number| json!(number)),
            "boolean" => self.text.yes_or_no(name).map(Value::Bool),
            "null" => None,
            _ => self.string(topic(name, schema)).map(Value::String),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            match self.value(name, property, depth + 1) {
                Some(value) => drop(object.insert(name.clone(), value)),
                None if required.iter().any(|field| field == name) => {
                    object.insert(name.clone(), default_of(property));
                }
                None => {}
            }
        }
        Value::Object(object)
    }

    fn array(&self, name: &str, schema: &Value, depth: usize) -> Option<Value> {
        let items = &schema["items"];
        if let Some(members) = items["enum"].as_array() {
            let said = members.iter().filter(|member| self.mentions(member));
            return Some(Value::Array(said.cloned().collect()));
        }
        let one = self.value(name, items, depth + 1)?;
        // An object is always made, said or not; a list of nothing said is an empty list.
        (!one.is_object()).then(|| json!([one]))
    }

    /// The longest member the text mentions, so that `deep tissue massage` beats `massage`.
    fn member(&self, members: &[Value]) -> Option<Value> {
        let said = members.iter().filter(|member| self.mentions(member));
        said.max_by_key(|member| member.to_string().len()).cloned()
    }

    fn mentions(&self, member: &Value) -> bool {
        member.as_str().is_some_and(|member| self.text.mentions(member))
    }

    fn string(&self, topic: Topic) -> Option<String> {
        let text = &self.text;
        let date = || text.date.map(|date| date.to_string());
        match topic {
            Topic::Date => date(),
            Topic::Time => text.time.clone(),
            Topic::DateTime => match (date(), &text.time) {
                (Some(date), Some(time)) => Some(format!("{date}T{time}:00Z")),
                (Some(date), None) => Some(format!("{date}T00:00:00Z")),
                (None, _) => None,
            },
            Topic::Email => text.email.clone(),
            Topic::Phone => text.phone.clone(),
            Topic::Name => text.name.clone(),
            Topic::Whole => Some(text.whole.clone()).filter(|whole| !whole.is_empty()),
            Topic::Other => None,
        }
    }
}

/// The first type that is not null.
fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(types) => {
            types.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or("null")
        }
        _ if schema["properties"].is_object() => "object",
        _ => "string",
    }
}

fn topic(name: &str, schema: &Value) -> Topic {
    match schema["format"].as_str() {
        Some("date") => return Topic::Date,
        Some("time") => return Topic::Time,
        Some("date-time") => return Topic::DateTime,
        Some("email") => return Topic::Email,
        _ => {}
    }
    let by_name = topic_of(&words_of(name));
    if by_name != Topic::Other {
        return by_name;
    }
    topic_of(&words_of(schema["description"].as_str().unwrap_or_default()))
}

fn topic_of(words: &[String]) -> Topic {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let (is_date, is_time) = (has(&["date", "day", "fecha"]), has(&["time", "hour", "hora"]));
    if has(&["email", "mail"]) {
        Topic::Email
    } else if has(&["phone", "mobile", "telephone", "whatsapp"]) {
        Topic::Phone
    } else if has(&["when", "datetime", "at"]) || (is_date && is_time) {
        Topic::DateTime
    } else if is_date {
        Topic::Date
    } else if is_time {
        Topic::Time
    } else if has(&["name", "nombre"]) {
        Topic::Name
    } else if has(&[
        "summary", "reason", "note", "notes", "message", "question", "text", "query", "comment",
        "comments", "request", "topic", "issue",
    ]) {
        Topic::Whole
    } else {
        Topic::Other
    }
}

/// `startTime`, `start_time` and `Start time` are the same two words.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for char in name.chars() {
        let starts_word = char.is_uppercase() || !char.is_alphanumeric();
        if starts_word && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (char.is_alphanumeric(), words.last_mut()) {
            word.extend(char.to_lowercase());
        }
    }
    words
}

/// The least that fits.
fn default_of(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    let options = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
    let allows_null = |schema: &Value| {
        let is_null = |value: &Value| value.is_null() || value == "null";
        schema["type"] == "null"
            || schema["type"].as_array().is_some_and(|types| types.iter().any(is_null))
            || schema["enum"].as_array().is_some_and(|members| members.iter().any(is_null))
    };
    if allows_null(schema) || options.is_some_and(|options| options.iter().any(allows_null)) {
        return Value::Null;
    }
    if let Some(members) = schema["enum"].as_array() {
        let is_vague = |member: &&Value| {
            matches!(member.as_str(), Some("other" | "unknown" | "none" | "unclear"))
        };
        return members
            .iter()
            .find(is_vague)
            .or_else(|| members.first())
            .cloned()
            .unwrap_or_default();
    }
    if let Some(options) = options {
        return options.first().map(default_of).unwrap_or_default();
    }
    let least = schema["minimum"].as_i64().unwrap_or(0);
    match type_of(schema) {
        "object" => {
            let required = schema["required"].as_array().into_iter().flatten();
            let fields = required.filter_map(Value::as_str);
            fields
                .map(|name| (name.to_owned(), default_of(&schema["properties"][name])))
                .collect::<Map<_, _>>()
                .into()
        }
        "array" => json!([]),
        "integer" | "number" => json!(least),
        "boolean" => json!(false),
        "null" => Value::Null,
        _ => json!(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, schema: Value, wanted: Value) {
        // A Thursday.
        let today = NaiveDate::from_ymd_opt(2026, 10, 8).unwrap();
        let found = fill(&schema, text, today);
        assert_eq!(found, wanted, "{text}");
    }

    fn object(properties: Value) -> Value {
        let required: Vec<&String> = properties.as_object().unwrap().keys().collect();
        json!({"type": "object", "required": required, "properties": properties})
    }

    #[test]
    fn texts() {
        let string = json!({"type": "string"});
        let nullable = json!({"type": ["string", "null"]});
        let number = json!({"type": "number"});
        let service = json!({"enum": ["haircut", "massage", "deep_tissue_massage", "other"]});
        let rows = [
            ("on 2026-11-21 please", "date", &string, json!("2026-11-21")),
            ("tomorrow at 3pm", "date", &string, json!("2026-10-09")),
            ("tomorrow at 3pm", "time", &string, json!("15:00")),
            ("tomorrow at 3pm", "when", &string, json!("2026-10-09T15:00:00Z")),
            ("mañana a las 10:30", "startDate", &string, json!("2026-10-09")),
            ("the day after tomorrow", "date", &string, json!("2026-10-10")),
            ("Monday 10:30", "date", &string, json!("2026-10-12")),
            ("thursday", "date", &string, json!("2026-10-15")),
            ("Monday 10:30", "start_time", &string, json!("10:30")),
            ("12am", "time", &string, json!("00:00")),
            ("at noon", "time", &string, json!("12:00")),
            ("whenever", "date", &nullable, Value::Null),
            ("whenever", "date", &string, json!("")),
            ("mail asha@x.test.", "email", &string, json!("asha@x.test")),
            ("call +255 700 000 001", "phone", &string, json!("+255700000001")),
            ("I am Asha Mwangi and I want a table", "name", &string, json!("Asha Mwangi")),
            ("me llamo josé, hola", "customerName", &string, json!("josé")),
            ("Asha Mwangi", "name", &string, json!("Asha Mwangi")),
            ("I am looking for help", "name", &string, json!("")),
            ("a deep tissue massage", "service", &service, json!("deep_tissue_massage")),
            ("a massage", "service", &service, json!("massage")),
            ("something", "service", &service, json!("other")),
            ("a table for two at 10:30 on 2026-11-21", "people", &number, json!(2.0)),
            ("4 adults and 2 children", "children", &number, json!(2.0)),
            ("it costs 12.50", "price", &number, json!(12.5)),
            ("no number", "people", &number, json!(0)),
            ("yes please", "confirmed", &json!({"type": "boolean"}), json!(true)),
            ("no thanks", "confirmed", &json!({"type": "boolean"}), json!(false)),
            ("my card fails", "reason", &string, json!("my card fails")),
        ];
        for (text, name, property, wanted) in rows {
            check(text, object(json!({ (name): property })), json!({ (name): wanted }));
        }
    }

    #[test]
    fn shapes() {
        let optional = json!({"type": "object", "properties": {"date": {"type": "string"}}});
        check("hello", optional, json!({}));
        let nested = object(json!({"who": object(json!({"email": {"type": "string"}}))}));
        check("a@x.test", nested, json!({"who": {"email": "a@x.test"}}));
        let tags = json!({"type": "array", "items": {"enum": ["vip", "new", "late"]}});
        check("vip and late", object(json!({"tags": tags})), json!({"tags": ["vip", "late"]}));
        let either = json!({"anyOf": [{"type": "integer"}, {"type": "null"}]});
        check("none", object(json!({"n": either})), json!({"n": null}));
    }
}
