//! Every node to its place in the graph, and the connections between them.

use super::{
    chat, condition,
    data::{Data, Here},
    document::{Document, Node},
    http, model, service, set, simple, trigger, wait,
    wiring::{Fork, Wiring},
};
use crate::{
    import::draft::{self, Draft},
    json::{Json, object},
};
use std::collections::HashSet;

/// Where an exit leads.
#[derive(Debug, Clone)]
pub(super) enum Exit {
    /// Where the connections of this output lead.
    Output(usize),
    /// To another node made of the same one.
    Node(String),
}

/// An exit of a node.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) from: String,
    pub(super) handle: String,
    pub(super) to: Exit,
}

/// The ways of a node that was drawn, or what to put in its place; nothing has been drawn then.
pub(super) type Drawn = Result<Vec<Way>, String>;

/// A node at its place.
pub(super) struct Site<'s, 'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) data: &'s Data<'a>,
    pub(super) index: usize,
    pub(super) node: &'a Node<'a>,
    pub(super) draft: &'s mut Draft,
    /// Attachments that are part of this node now.
    pub(super) absorbed: &'s mut Vec<usize>,
}

impl<'s, 'a> Site<'s, 'a> {
    /// The names its scripts see.
    pub(super) fn here(&self) -> Here<'s, 'a> {
        self.data.of(self.index)
    }

    /// A text parameter as a template.
    pub(super) fn template(&self, key: &str) -> Result<String, String> {
        match self.node.parameter(key) {
            Some(Json::String(text)) => self.here().template(text),
            Some(Json::Number(number)) => Ok(number.to_string()),
            _ => Ok(String::new()),
        }
    }

    /// A node for it.
    pub(super) fn make(&self, kind: &'static str) -> draft::Node {
        draft::Node::new(self.node.id.clone(), kind, self.node.pointer.clone())
    }

    /// A further node for it.
    pub(super) fn make_another(&mut self, suffix: &str, kind: &'static str) -> draft::Node {
        let id = self.draft.ids.id(&format!("{}_{suffix}", self.node.id), suffix);
        draft::Node::new(id, kind, self.node.pointer.clone())
    }

    /// Puts a node at its place.
    pub(super) fn push(&mut self, mut node: draft::Node) {
        node.label = self.node.name.to_owned();
        node.position = position(self.node.json);
        node.sources = vec![source(self.node).to_owned()];
        self.draft.nodes.push(node);
    }

    /// Puts a node that attempts steps at its place: with its retries, its connection, and its ways.
    pub(super) fn push_step(&mut self, mut node: draft::Node) -> Drawn {
        self.set_policy(&mut node);
        self.set_connection(&mut node);
        self.push(node);
        let mut ways = vec![self.way("default", 0)];
        match self.node.on_error() {
            "continueErrorOutput" => ways.push(self.way("error", 1)),
            "continueRegularOutput" => ways.push(self.way("error", 0)),
            _ => {}
        }
        Ok(ways)
    }

    fn set_policy(&mut self, node: &mut draft::Node) {
        let json = self.node.json;
        if json.get("retryOnFail").and_then(Json::as_bool) != Some(true) {
            return;
        }
        let number =
            |key: &str, default: i64| json.get(key).and_then(Json::as_i64).unwrap_or(default);
        let policy = object([
            ("maxAttempts", number("maxTries", 3).clamp(1, 1_000).into()),
            (
                "backoff",
                format!("{}ms", number("waitBetweenTries", 1_000).clamp(0, 3_600_000)).into(),
            ),
        ]);
        node.set("policy", policy);
    }

    /// The connection that stands for the credentials, which are never exported.
    fn set_connection(&mut self, node: &mut draft::Node) {
        let Some((_, credential)) =
            self.node.json.get("credentials").and_then(|all| all.entries().first())
        else {
            return;
        };
        let name = credential.text_of("name");
        let connection = crate::source::slug(name);
        if connection.is_empty() {
            return;
        }
        node.set("connection", connection.as_str());
        let message = format!("the credentials `{name}` are not exported");
        let help = format!("Make a connection called `{connection}`.");
        self.warn(&message, &help);
    }

    /// The way by `handle` to where an output leads.
    pub(super) fn way(&self, handle: &str, output: usize) -> Way {
        Way { from: self.node.id.clone(), handle: handle.to_owned(), to: Exit::Output(output) }
    }

    /// The way by `handle` to another node made of this one.
    pub(super) fn to_node(&self, handle: &str, node: &str) -> Way {
        Way {
            from: self.node.id.clone(),
            handle: handle.to_owned(),
            to: Exit::Node(node.to_owned()),
        }
    }

    /// Tells something about the node.
    pub(super) fn warn(&mut self, message: &str, help: &str) {
        self.draft.warn(&self.node.id, &self.node.pointer, message.to_owned(), help);
    }

    /// Tells of parameters that are left out: all that are set but for those named.
    pub(super) fn drop_others(&mut self, kept: &[&str]) {
        let parameters = self.node.json.get("parameters").map_or(&[][..], Json::entries);
        let dropped: Vec<&str> = parameters
            .iter()
            .filter(|(key, value)| {
                !value.is_empty() && *value != Json::Bool(false) && !kept.contains(&key.as_str())
            })
            .map(|(key, _)| key.as_str())
            .collect();
        for key in dropped {
            let pointer = format!(
                "{}/parameters/{}",
                self.node.pointer,
                crate::diagnostic::pointer_token(key)
            );
            let message = format!("`{key}` is left out");
            let help = "Look whether it matters, and write it into the node.";
            self.draft.warn(&self.node.id, &pointer, message, help);
        }
    }
}

/// What the source calls the node.
pub(super) fn source<'a>(node: &Node<'a>) -> &'a str {
    match node.json.text_of("id") {
        "" => node.name,
        id => id,
    }
}

fn position(json: &Json) -> (f64, f64) {
    let number =
        |index: usize| match json.get("position").map(Json::list).and_then(|p| p.get(index)) {
            Some(Json::Number(number)) => number.as_f64().filter(|n| n.is_finite()).unwrap_or(0.0),
            _ => 0.0,
        };
    (number(0), number(1))
}

pub(super) fn draw(document: &Document<'_>, draft: &mut Draft) {
    // Ids of nodes are taken by names in the context; both are one here.
    for node in &document.nodes {
        draft.ids.id(&node.id, "node");
    }
    let data = Data::new(document);
    let mut wiring = Wiring::plan(document, draft);
    let (mut ways, mut absorbed, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (index, node) in document.nodes.iter().enumerate() {
        if node.kind == "stickyNote" {
            notes.push(node.json.clone());
        } else if !node.is_attachment {
            let mut site =
                Site { document, data: &data, index, node, draft, absorbed: &mut absorbed };
            let drawn = draw_one(&mut site, wiring.fork_that_meets(index).is_some());
            ways.extend(drawn.into_iter().map(|way| (index, way)));
        }
    }
    for (index, node) in document.nodes.iter().enumerate() {
        if node.is_attachment && node.kind != "stickyNote" && !absorbed.contains(&index) {
            let mut unused = Vec::new();
            let mut site =
                Site { document, data: &data, index, node, draft, absorbed: &mut unused };
            placeholder(&mut site, simple::note(node.kind));
        }
    }
    let used = used(&ways);
    for (index, way) in &ways {
        wire(&mut wiring, *index, way, draft);
    }
    remark_unused(document, &used, draft);
    wiring.finish(&used, draft);
    if !notes.is_empty() {
        draft.extras.push(("notes".to_owned(), notes.into()));
    }
}

/// The outputs that exits lead by.
fn used(ways: &[(usize, Way)]) -> HashSet<(usize, usize)> {
    let outputs = ways.iter().filter_map(|(index, way)| match way.to {
        Exit::Output(output) => Some((*index, output)),
        Exit::Node(_) => None,
    });
    outputs.collect()
}

/// Connections of outputs that a node does not have here.
fn remark_unused(document: &Document<'_>, used: &HashSet<(usize, usize)>, draft: &mut Draft) {
    for (index, node) in document.nodes.iter().enumerate() {
        let outputs = node.outputs.iter().enumerate();
        for (output, _) in
            outputs.filter(|(o, targets)| !targets.is_empty() && !used.contains(&(index, *o)))
        {
            let message =
                format!("the connections of output {output} of `{}` are left out", node.name);
            let help = "Nothing leaves by it here; lead another exit to where they led.";
            draft.warn(&node.id, &node.pointer, message, help);
        }
    }
}

fn draw_one(site: &mut Site<'_, '_>, is_join: bool) -> Vec<Way> {
    if site.node.is_disabled() {
        return simple::disabled(site);
    }
    let drawn = match site.node.kind {
        "merge" if is_join => simple::join(site),
        "merge" | "noOp" => simple::pass(site),
        "stopAndError" => simple::fail(site),
        "executeWorkflow" => simple::call(site),
        "if" | "filter" => condition::draw_if(site),
        "switch" => condition::draw_switch(site),
        "set" => set::draw(site),
        "wait" => wait::draw(site),
        "httpRequest" => http::draw(site),
        "slack" => service::slack(site),
        "hubspot" => service::hubspot(site),
        "whatsApp" => chat::whatsapp(site),
        "telegram" => chat::telegram(site),
        "openAi" | "agent" | "chainLlm" => model::reply(site),
        "informationExtractor" => model::extract(site),
        kind if trigger::is_trigger(kind) => trigger::draw(site),
        kind => Err(simple::note(kind).to_owned()),
    };
    drawn.unwrap_or_else(|note| placeholder(site, &note))
}

/// What has no counterpart stays wired as it was.
fn placeholder(site: &mut Site<'_, '_>, note: &str) -> Vec<Way> {
    let node = site.node;
    let kind = if node.kind.is_empty() { "unknown" } else { node.kind };
    let made =
        site.draft.placeholder((node.id.clone(), node.pointer.clone()), kind, node.json, note);
    site.push(made);
    // The first output is always there, so that a branch it ends still leads to its join.
    (0..node.outputs.len().max(1))
        .filter(|output| *output == 0 || !node.outputs[*output].is_empty())
        .map(|output| match output {
            0 => site.way("default", 0),
            output => site.way(&format!("output_{output}"), output),
        })
        .collect()
}

fn wire(wiring: &mut Wiring<'_>, index: usize, way: &Way, draft: &mut Draft) {
    let pointer = wiring.document.nodes[index].pointer.clone();
    let target = match &way.to {
        Exit::Node(id) => id.clone(),
        Exit::Output(output) => match wiring.target(index, *output) {
            Fork::None => wiring.dead_end(index),
            Fork::One(target) => wiring.document.nodes[target].id.clone(),
            Fork::Many(id) => id,
        },
    };
    draft.edge((&way.from, &way.handle), &target, &pointer);
}
