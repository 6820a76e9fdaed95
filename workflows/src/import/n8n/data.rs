//! What `$json` and its like stand for: the output of the node before, which is kept in the context under its name.
//!
//! Nodes that only steer pass on what they got, so what a node gets is looked for behind them. Where it may have come from
//! two nodes, nobody can tell which is meant, and the expression is refused.

use super::document::{Document, Node};
use crate::import::{
    names::is_field,
    script::{self, Cel, Script, Source, Type},
    text::{literal, quoted},
};
use crate::json::{Json, object};
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
};

/// Nodes passed on a search, in the whole import; what is beyond is refused.
const VISITS_MAX: usize = 200_000;
/// Nodes that pass on what they got.
const PASSING: &[&str] =
    &["if", "switch", "filter", "wait", "noOp", "merge", "limit", "splitInBatches"];
/// Most parts of the name of a field that is set.
const NAME_PARTS_MAX: usize = 8;
/// Where a chat's first message has its text.
const TEXTS: &[&[&str]] =
    &[&["messages", "0", "text", "body"], &["message", "text"], &["chatInput"], &["text"]];
/// Where it has its sender.
const SENDERS: &[&[&str]] = &[
    &["contacts", "0", "wa_id"],
    &["messages", "0", "from"],
    &["message", "from", "id"],
    &["message", "chat", "id"],
];

/// What of a node's fields are set by a Set node, and where they are kept.
#[derive(Debug, Default)]
pub(super) struct SetFields {
    pub(super) paths: HashMap<String, String>,
    /// Whether the other fields pass through.
    pub(super) passes: bool,
}

/// The way of the data.
#[derive(Debug)]
pub(super) struct Data<'a> {
    document: &'a Document<'a>,
    /// By node, for Set nodes.
    sets: HashMap<usize, SetFields>,
    visits: Cell<usize>,
}

impl<'a> Data<'a> {
    pub(super) fn new(document: &'a Document<'a>) -> Self {
        let sets = document.nodes.iter().enumerate().filter(|(_, node)| node.kind == "set");
        let sets = sets.map(|(index, node)| (index, super::set::fields(node))).collect();
        Self { document, sets, visits: Cell::new(0) }
    }

    /// The names in scripts of this node.
    pub(super) fn of(&self, node: usize) -> Here<'_, 'a> {
        Here { data: self, node }
    }

    pub(super) fn set_fields(&self, node: usize) -> Option<&SetFields> {
        self.sets.get(&node)
    }

    fn passes(&self, node: &Node<'_>) -> bool {
        // A wait for a call gives what the call brought.
        let is_called = node.kind == "wait" && matches!(node.text("resume"), "webhook" | "form");
        node.is_disabled() || PASSING.contains(&node.kind) && !is_called
    }

    /// The node whose output a node gets.
    fn producer(&self, node: usize) -> Result<usize, String> {
        let mut found: Option<usize> = None;
        let mut seen = HashSet::new();
        let mut work = self.document.nodes[node].inputs.clone();
        while let Some(index) = work.pop() {
            self.visits.set(self.visits.get() + 1);
            if self.visits.get() > VISITS_MAX {
                return Err(
                    "the workflow is too entangled to say where its data comes from".to_owned()
                );
            }
            if !seen.insert(index) {
                continue;
            }
            let other = &self.document.nodes[index];
            if self.passes(other) {
                work.extend(&other.inputs);
            } else if found.is_some_and(|known| known != index) {
                return Err("its data may come from more than one node".to_owned());
            } else {
                found = Some(index);
            }
        }
        found.ok_or_else(|| "no node before it gives data".to_owned())
    }

    /// A field of a node's output.
    fn output(&self, node: usize, path: &[Segment]) -> Result<Cel, String> {
        // Set nodes pass on what they do not set; a ring of them would be followed for ever.
        let mut at = node;
        for _ in 0..self.document.nodes.len().min(64) {
            match self.step(at, path)? {
                Found::Here(cel) => return Ok(cel),
                Found::Before => at = self.producer(at)?,
            }
        }
        Err("the workflow is too entangled to say where its data comes from".to_owned())
    }

    fn step(&self, index: usize, path: &[Segment]) -> Result<Found, String> {
        let node = &self.document.nodes[index];
        if self.passes(node) {
            return Ok(Found::Before);
        }
        let texts: Vec<&str> = path.iter().map(|segment| segment.as_str()).collect();
        let base = format!("context.{}", node.id);
        let below = |base: &str, from: usize| Ok(Found::Here(read(base, &path[from..])));
        match node.kind {
            "manualTrigger" | "executeWorkflowTrigger" | "webhook" | "formTrigger" => {
                below("input", 0)
            }
            "scheduleTrigger" | "cron" | "interval" => match texts.as_slice() {
                ["timestamp"] => Ok(Found::Here(Cel::atom("now", Type::Time))),
                _ => Err("a schedule gives nothing but its time".to_owned()),
            },
            "whatsAppTrigger" | "telegramTrigger" | "chatTrigger" => {
                match texts.as_slice() {
                    found if TEXTS.contains(&found) => {
                        Ok(Found::Here(Cel::atom(format!("default({base}.text, '')"), Type::Text)))
                    }
                    found if SENDERS.contains(&found) => {
                        Ok(Found::Here(Cel::atom("default(contact.phone, '')", Type::Text)))
                    }
                    _ => Err("of the first message only its text and its sender are known here"
                        .to_owned()),
                }
            }
            "set" => self.set_field(index, path, &base),
            "httpRequest" if is_full_response(node) => match texts.first() {
                Some(&"body") => below(&format!("{base}.body"), 1),
                Some(&"statusCode") => below(&format!("{base}.status"), 1),
                Some(&"headers") => below(&format!("{base}.headers"), 1),
                _ => {
                    Err("of an answer only body, statusCode and headers are known here".to_owned())
                }
            },
            "httpRequest" => below(&format!("{base}.body"), 0),
            "openAi" | "agent" | "chainLlm" => match texts.as_slice() {
                ["message", "content"]
                | ["text"]
                | ["output"]
                | ["choices", "0", "message", "content"] => {
                    Ok(Found::Here(Cel::atom(format!("{base}.text"), Type::Text)))
                }
                _ => Err("of a model's answer only its text is known here".to_owned()),
            },
            "informationExtractor" if texts.first() == Some(&"output") => below(&base, 1),
            _ => below(&base, 0),
        }
    }

    fn set_field(&self, index: usize, path: &[Segment], base: &str) -> Result<Found, String> {
        let Some(set) = self.sets.get(&index) else { return Ok(Found::Before) };
        let Some(first) = path.first() else {
            return match set.passes {
                false => Ok(Found::Here(Cel::atom(base, Type::Any))),
                true => Err("the whole item is not kept in one place here".to_owned()),
            };
        };
        // A field may be called by a path, like `order.city`.
        for n in (1..=path.len().min(NAME_PARTS_MAX)).rev() {
            let name: Vec<&str> = path[..n].iter().map(Segment::as_str).collect();
            if let Some(kept) = set.paths.get(&name.join(".")) {
                return Ok(Found::Here(read(&format!("{base}.{kept}"), &path[n..])));
            }
        }
        let begins = format!("{}.", first.as_str());
        match set.paths.keys().any(|name| name.starts_with(&begins)) {
            true => Ok(Found::Here(read(base, path))),
            false if set.passes => Ok(Found::Before),
            false => Err(format!("`{}` is not set by the node before", first.as_str())),
        }
    }
}

pub(super) fn is_full_response(node: &Node<'_>) -> bool {
    let options =
        [&["options", "response", "response", "fullResponse"][..], &["options", "fullResponse"]];
    options.iter().any(|path| node.at(path).and_then(Json::as_bool) == Some(true))
}

enum Found {
    Here(Cel),
    /// It is what the node before gave.
    Before,
}

/// One step into a value.
#[derive(Debug, Clone)]
enum Segment {
    Field(String),
    Place(String),
}

impl Segment {
    fn as_str(&self) -> &str {
        match self {
            Self::Field(text) | Self::Place(text) => text,
        }
    }
}

/// A value that may be missing, as null.
fn read(base: &str, path: &[Segment]) -> Cel {
    if path.is_empty() {
        return Cel::atom(base, Type::Any);
    }
    let mut source = base.to_owned();
    for segment in path {
        match segment {
            Segment::Field(name) if is_field(name) => {
                source.push('.');
                source.push_str(name);
            }
            Segment::Field(name) => source.push_str(&format!("[{}]", quoted(name))),
            Segment::Place(place) => source.push_str(&format!("[{place}]")),
        }
    }
    Cel::atom(format!("default({source}, null)"), Type::Any)
}

/// The names in the scripts of one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'d, 'a> {
    data: &'d Data<'a>,
    node: usize,
}

impl Here<'_, '_> {
    /// A text parameter as a template: computed if it begins with `=`.
    pub(super) fn template(&self, text: &str) -> Result<String, String> {
        match text.strip_prefix('=') {
            Some(script) => {
                script::translate_template(script, self).map_err(|why| why_not(script, &why))
            }
            None => Ok(literal(text)),
        }
    }

    /// A parameter as an expression.
    pub(super) fn expression(&self, json: &Json) -> Result<Cel, String> {
        match json {
            Json::String(text) => match text.strip_prefix('=') {
                Some(script) => self.script(script),
                None => Ok(Cel::atom(quoted(text), Type::Text)),
            },
            Json::Number(number) => Ok(Cel::atom(number.to_string(), Type::Number)),
            Json::Bool(flag) => Ok(Cel::atom(flag.to_string(), Type::Bool)),
            Json::Null => Ok(Cel::atom("null", Type::Any)),
            other => Err(format!("the value {} is not known here", kind_of(other))),
        }
    }

    /// A text with computed parts, or one expression that fills it.
    fn script(&self, text: &str) -> Result<Cel, String> {
        let whole = text.trim().strip_prefix("{{").and_then(|t| t.strip_suffix("}}"));
        let found = match whole.filter(|inner| !inner.contains("}}")) {
            Some(inner) => script::translate(inner.trim(), self),
            None => self.joined(text),
        };
        found.map_err(|why| why_not(text, &why))
    }

    fn joined(&self, text: &str) -> Result<Cel, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("{{")
            && let Some((inner, after)) = tail.split_once("}}")
        {
            if !before.is_empty() {
                parts.push(quoted(before));
            }
            parts.push(script::translate(inner.trim(), self)?.text());
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(quoted(rest));
        }
        Ok(Cel::compound(parts.join(" + "), Type::Text))
    }

    /// Any parameter as JSON whose texts are templates, and whose computed values are expressions. As deep as the export.
    pub(super) fn json(&self, json: &Json) -> Result<Json, String> {
        Ok(match json {
            Json::String(text) => {
                let is_whole = text.trim().starts_with("={{") && text.trim().ends_with("}}");
                match is_whole && text.matches("{{").count() == 1 {
                    true => object([("@expr", self.expression(json)?.source.into())]),
                    false => self.template(text)?.into(),
                }
            }
            Json::Array(items) => {
                Json::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?)
            }
            Json::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.json(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        })
    }

    fn named(&self, name: &str, path: &[Segment]) -> Result<Cel, String> {
        match self.data.document.by_name.get(name) {
            Some(node) => self.data.output(*node, path),
            None => Err(format!("there is no node called `{name}`")),
        }
    }

    fn before(&self, path: &[Segment]) -> Result<Cel, String> {
        self.data.output(self.data.producer(self.node)?, path)
    }
}

fn why_not(script: &str, why: &str) -> String {
    let whole = script.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let shown: String = whole.unwrap_or(script).trim().chars().take(80).collect();
    format!("`{shown}` cannot be translated: {why}")
}

fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Array(_) => "that is a list",
        _ => "that is an object",
    }
}

/// `a.b[0]["c"]` taken apart: what it begins with, and the way below.
fn chain(script: &Script) -> Option<(&Script, Vec<Segment>)> {
    let mut path = Vec::new();
    let mut at = script;
    loop {
        match at {
            Script::Member(of, name) => {
                path.push(Segment::Field(name.clone()));
                at = of;
            }
            Script::Index(of, index) => {
                let Script::Number(place) = index.as_ref() else { return None };
                path.push(Segment::Place(place.clone()));
                at = of;
            }
            base => {
                path.reverse();
                return Some((base, path));
            }
        }
    }
}

/// Removes `.item.json`, `.json` and the like, which name the one item there is.
fn below_json<'p>(path: &'p [Segment], wanted: &[&[&str]]) -> Option<&'p [Segment]> {
    wanted.iter().find_map(|names| {
        let begins = path.len() >= names.len()
            && names.iter().zip(path).all(|(name, segment)| *name == segment.as_str());
        begins.then(|| &path[names.len()..])
    })
}

impl Source for Here<'_, '_> {
    fn reference(&self, script: &Script) -> Option<Result<Cel, String>> {
        let (base, path) = chain(script)?;
        match base {
            Script::Name(name) => match (name.as_str(), path.as_slice()) {
                ("$json", path) => Some(self.before(path)),
                ("$input", path) => Some(self.before(below_json(path, &[&["item", "json"]])?)),
                ("$node", [node, rest @ ..]) => {
                    Some(self.named(node.as_str(), below_json(rest, &[&["json"]])?))
                }
                ("$now", []) => Some(Ok(Cel::atom("now", Type::Time))),
                ("$itemIndex" | "$runIndex", []) => Some(Ok(Cel::atom("0", Type::Number))),
                _ => None,
            },
            Script::Call(callee, arguments) => self.called(callee, arguments, &path),
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Result<Cel, String> {
        Err(format!("`{name}` in double braces means nothing inside an expression"))
    }
}

impl Here<'_, '_> {
    /// `$('Name').item.json…`, `$('Name').first().json…`, `$input.first().json…`.
    fn called(
        &self,
        callee: &Script,
        arguments: &[Script],
        path: &[Segment],
    ) -> Option<Result<Cel, String>> {
        match (callee, arguments) {
            (Script::Name(dollar), [Script::Text(name)]) if dollar == "$" => {
                Some(self.named(name, below_json(path, &[&["item", "json"]])?))
            }
            (Script::Member(of, which), []) if matches!(which.as_str(), "first" | "last") => {
                let path = below_json(path, &[&["json"]])?;
                match of.as_ref() {
                    Script::Name(input) if input == "$input" => Some(self.before(path)),
                    Script::Call(dollar, name) => match (dollar.as_ref(), name.as_slice()) {
                        (Script::Name(dollar), [Script::Text(name)]) if dollar == "$" => {
                            Some(self.named(name, path))
                        }
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
