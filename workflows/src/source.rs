//! What was uploaded: a definition file, a bare React Flow object, a bare machine config, or an export that one is made
//! of (Typebot, n8n, our own to XState), as text that must be JSON.
//!
//! **Invariant:** what passes fits the store: UTF-8, no NUL, within `DEFINITION_BYTES_MAX` and `JSON_DEPTH_MAX`.

mod file;
mod text;

use crate::{
    diagnostic::{self, Diagnostic},
    export,
    import::{self, Origins},
    json::Json,
    limits::ID_CHARS_MAX,
};
use serde_json::Value;

/// An upload, taken apart.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name in the tenant; `unnamed` if none was given, which is also an error.
    pub name: String,
    /// For people; the name if none was given.
    pub title: String,
    /// What runs.
    pub body: Body,
    /// Where the body stands in the upload: ``, `/graph` or `/machine`.
    pub pointer: String,
    /// JSON Schema of the input.
    pub input: Option<Value>,
    /// Initial context. For a machine config without a definition file around it, it stands in the body.
    pub context: Option<Value>,
    /// JSON Schema of the context.
    pub schema: Option<Value>,
    /// Triggers with their places in the upload, beside those of trigger nodes.
    pub triggers: Vec<(Value, String)>,
    /// Source of the key expression.
    pub key: Option<String>,
    /// Localized texts by language, then key, as given; null if absent.
    pub messages: Value,
    /// `policies` as given; null if absent.
    pub policies: Value,
    /// Scenarios.
    pub tests: Vec<Value>,
    /// All of it, in canonical form: what the digest is made of.
    pub document: Json,
    /// For a definition file that was made of another form: where its parts come from.
    pub(crate) origins: Option<Origins>,
}

/// What runs, in the form it was drawn in.
#[derive(Debug, Clone)]
pub enum Body {
    /// A React Flow object.
    Graph(Value),
    /// A machine config, in document order.
    Machine(Json),
}

/// Reads an upload. `name_hint` names a bare graph or machine, e.g. after its file.
///
/// `None` only if it is not JSON or none of the three forms; every other problem is told beside the source.
pub fn read(bytes: &[u8], name_hint: Option<&str>) -> (Option<Source>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let json = match text::parse(bytes) {
        Ok(json) => json,
        Err(diagnostic) => return (None, vec![*diagnostic]),
    };
    text::refuse_nul(&json, "", &mut diagnostics);
    diagnostics.extend(diagnostic::duplicate_keys(bytes));
    let source = read_form(&json, name_hint, &mut diagnostics);
    (source, diagnostics)
}

fn read_form(json: &Json, name_hint: Option<&str>, out: &mut Vec<Diagnostic>) -> Option<Source> {
    let has = |key: &str| json.get(key).is_some();
    if has("perdure") {
        return file::read(json, out);
    }
    if let Some(made) = made(json, name_hint) {
        // A placeholder is told of by its kind, at every check.
        out.extend(made.diagnostics.into_iter().filter(|told| !told.is_error()));
        let mut found = Vec::new();
        let source = file::read(&made.file, &mut found);
        // What is made is what will be kept, so it must fit the store as well.
        let told = serde_json::to_vec(&made.file).ok().and_then(|bytes| text::parse(&bytes).err());
        // A place in what was made is none in the upload.
        found.extend(told.map(|told| Diagnostic { place: None, ..*told }));
        made.origins.place(&mut found);
        out.append(&mut found);
        return source.map(|source| Source { origins: Some(made.origins), ..source });
    }
    let body = if has("nodes") && has("edges") {
        Body::Graph(json.to_value())
    } else if has("states") || has("initial") || has("type") {
        Body::Machine(json.clone())
    } else {
        out.push(form_error(json));
        return None;
    };
    let own = ["name", "id"].into_iter().find_map(|key| json.get(key).and_then(Json::as_str));
    let name = name_hint.into_iter().chain(own).map(slug).find(|name| !name.is_empty());
    if name.is_none() {
        let help = "Give it one with ?name=, with an `id`, or wrap it in a definition file: {\"perdure\": 1, \"name\": …}.";
        out.push(Diagnostic::error("name", "", "this workflow has no name").help(help));
    }
    let name = name.unwrap_or_else(|| UNNAMED.to_owned());
    let title = json.get("title").or_else(|| json.get("description")).and_then(Json::as_str);
    Some(Source {
        title: title.unwrap_or(&name).to_owned(),
        name,
        body,
        pointer: String::new(),
        input: None,
        context: None,
        schema: None,
        triggers: Vec::new(),
        key: None,
        messages: Value::Null,
        policies: Value::Null,
        tests: Vec::new(),
        document: json.clone(),
        origins: None,
    })
}

/// The definition file that is made of an export: of another product's, or of our own to XState.
fn made(json: &Json, name_hint: Option<&str>) -> Option<import::Imported> {
    match import::detect(json) {
        Some(product) => Some(import::import(json, product, name_hint)),
        None => export::restore(json),
    }
}

const UNNAMED: &str = "unnamed";

const FORMS: &str = "It must be a definition file ({\"perdure\": 1, \"name\": …, \"graph\" or \"machine\": …}), \
    a React Flow object ({\"nodes\": […], \"edges\": […]}), a machine config ({\"initial\": …, \"states\": {…}}), or what \
    Typebot or n8n export.";

fn form_error(json: &Json) -> Diagnostic {
    let looks_like_file = ["graph", "machine"].iter().any(|key| json.get(key).is_some());
    let message = match json {
        Json::Object(_) if looks_like_file => {
            "this looks like a definition file, but does not say so with \"perdure\": 1"
        }
        Json::Object(_) => "this is not a workflow in any form that is known here",
        _ => "a workflow is a JSON object",
    };
    Diagnostic::error("form", "", message).help(FORMS)
}

/// Whether a text can name a definition: `[a-z0-9][a-z0-9_-]*`.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_plain)
        && text.chars().all(|c| is_plain(c) || c == '_' || c == '-')
        && text.len() <= ID_CHARS_MAX
}

/// The nearest name to any text; empty if nothing of it can stand in a name.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(ID_CHARS_MAX) {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches(['-', '_']).to_owned()
}
