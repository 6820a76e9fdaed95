//! HubSpot contacts: batch upsert, search, create, update, read, kept in memory.
//!
//! **Invariant:** an e-mail belongs to one contact; a second create answers 409 with the id in the message only.

use crate::{
    gate::{Answer, Call, Label, Provider},
    world::{World, instant, now},
};
use serde_json::{Map, Value, json};

/// `/crm/v3/objects/contacts…`.
pub(crate) static PROVIDER: Provider = Provider { name: "hubspot", label, answer };

/// The contacts, in the order they were made.
#[derive(Default)]
pub(crate) struct Store(Vec<Contact>);

struct Contact {
    id: String,
    properties: Map<String, Value>,
}

/// The id of the first contact.
const FIRST_ID: usize = 501;

impl Store {
    fn position(&self, property: &str, value: &str) -> Option<usize> {
        self.0.iter().position(|contact| match property {
            "id" | "hs_object_id" => contact.id == value,
            _ => {
                let found = contact.properties.get(property).and_then(Value::as_str);
                found.is_some_and(|found| found.eq_ignore_ascii_case(value))
            }
        })
    }

    fn create(&mut self, properties: Map<String, Value>) -> usize {
        let id = (FIRST_ID + self.0.len()).to_string();
        self.0.push(Contact { id, properties });
        self.0.len() - 1
    }

    fn update(&mut self, at: usize, properties: Map<String, Value>) {
        self.0[at].properties.extend(properties);
    }

    fn view(&self, at: usize) -> Value {
        let contact = &self.0[at];
        let mut properties = contact.properties.clone();
        properties.insert("hs_object_id".to_owned(), json!(contact.id));
        json!({"id": contact.id, "properties": properties, "archived": false})
    }
}

fn label(call: &Call) -> Label {
    let body = &call.body;
    let places = [
        &body["inputs"][0]["id"],
        &body["properties"]["email"],
        &body["properties"]["phone"],
        &body["filterGroups"][0]["filters"][0]["value"],
    ];
    Label { to: places.iter().find_map(|place| place.as_str()).map(str::to_owned), key: None }
}

fn answer(world: &mut World, call: &Call) -> Answer {
    if call.bearer().is_none() {
        return refuse(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.");
    }
    let store = &mut world.hubspot;
    let path = call.path.strip_prefix("/crm/v3/objects/contacts").unwrap_or("?");
    match (call.method.as_str(), path.trim_start_matches('/')) {
        ("POST", "batch/upsert") => upsert(store, &call.body),
        ("POST", "search") => search(store, &call.body),
        ("POST", "") => create(store, &call.body),
        ("PATCH", id) if is_id(id) => one(store, call, id, true),
        ("GET", id) if is_id(id) => one(store, call, id, false),
        _ => refuse(404, "OBJECT_NOT_FOUND", "No such resource."),
    }
}

fn is_id(path: &str) -> bool {
    !path.is_empty() && !path.contains(['/', '?'])
}

fn refuse(status: u16, category: &str, message: &str) -> Answer {
    let correlation = "00000000-0000-4000-8000-000000000000";
    Answer::refused(
        status,
        json!({"status": "error", "message": message,
        "category": category, "correlationId": correlation}),
    )
}

/// Properties as HubSpot wants them: every value a text.
fn properties_of(input: &Value) -> Result<Map<String, Value>, Answer> {
    let Some(properties) = input["properties"].as_object() else {
        return Err(refuse(400, "VALIDATION_ERROR", "properties is required"));
    };
    match properties.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => {
            Err(refuse(400, "VALIDATION_ERROR", &format!("Property {name} must be a string")))
        }
        None => Ok(properties.clone()),
    }
}

fn upsert(store: &mut Store, body: &Value) -> Answer {
    let mut results = Vec::new();
    for input in body["inputs"].as_array().into_iter().flatten() {
        let (Some(id), Some(property)) = (input["id"].as_str(), input["idProperty"].as_str())
        else {
            return refuse(400, "VALIDATION_ERROR", "id and idProperty are required");
        };
        if property == "email" && !id.contains('@') {
            return refuse(400, "VALIDATION_ERROR", &format!("Email address {id} is invalid"));
        }
        let mut properties = match properties_of(input) {
            Ok(properties) => properties,
            Err(refused) => return refused,
        };
        properties.insert(property.to_owned(), json!(id));
        let known = store.position(property, id);
        let at = known.unwrap_or_else(|| store.create(Map::new()));
        store.update(at, properties);
        let mut result = store.view(at);
        result["new"] = json!(known.is_none());
        results.push(result);
    }
    let at = instant(now());
    Answer::done(
        200,
        json!({"status": "COMPLETE", "results": results, "startedAt": at,
        "completedAt": at}),
    )
}

fn search(store: &Store, body: &Value) -> Answer {
    let filter = &body["filterGroups"][0]["filters"][0];
    let (Some(property), Some(value)) = (filter["propertyName"].as_str(), filter["value"].as_str())
    else {
        return refuse(400, "VALIDATION_ERROR", "a filter needs propertyName and value");
    };
    let found: Vec<Value> =
        store.position(property, value).map(|at| store.view(at)).into_iter().collect();
    Answer::done(200, json!({"total": found.len(), "results": found}))
}

fn create(store: &mut Store, body: &Value) -> Answer {
    let properties = match properties_of(body) {
        Ok(properties) => properties,
        Err(refused) => return refused,
    };
    let email = properties.get("email").and_then(Value::as_str);
    if let Some(at) = email.and_then(|email| store.position("email", email)) {
        let message = format!("Contact already exists. Existing ID: {}", store.0[at].id);
        return refuse(409, "CONFLICT", &message);
    }
    let at = store.create(properties);
    Answer::done(201, store.view(at))
}

fn one(store: &mut Store, call: &Call, id: &str, is_update: bool) -> Answer {
    let property = call.parameter("idProperty").unwrap_or_else(|| "id".to_owned());
    let Some(at) = store.position(&property, id) else {
        return refuse(404, "OBJECT_NOT_FOUND", "resource not found");
    };
    if is_update {
        match properties_of(&call.body) {
            Ok(properties) => store.update(at, properties),
            Err(refused) => return refused,
        }
    }
    Answer::done(200, store.view(at))
}
