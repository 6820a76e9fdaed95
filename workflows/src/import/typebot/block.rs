//! One block to its nodes: which file knows its type, and what they all need.

use super::{
    ask, bubble, choice, condition, document::Block, flow::Flow, integration, llm, logic,
    set_variable, variable::Variables,
};
use crate::{
    import::draft::{Draft, Node},
    json::Json,
};

/// Where a node's exit leads.
#[derive(Debug)]
pub(super) enum Exit<'a> {
    /// To the next block.
    Next,
    /// Where the edge of an item leads; to the next block without one.
    Item(&'a Json),
    /// The same, but without an edge to the next block of the group, whatever the block's own edge.
    Held(&'a Json),
    /// To another node of the same block.
    Node(String),
    /// To the end of those who did not answer.
    Expired,
}

/// An exit of a node.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) from: String,
    pub(super) handle: String,
    pub(super) to: Exit<'a>,
}

/// The ways of a block that was drawn, or why it could not be; nothing has been drawn then.
pub(super) type Drawn<'a> = Result<Vec<Way<'a>>, String>;

/// A block with the place its nodes go to.
pub(super) struct Site<'s, 'a> {
    pub(super) flow: &'s Flow<'a>,
    pub(super) block: &'a Block<'a>,
    /// The id of its first node.
    pub(super) id: String,
    /// What is asked, if the block before it was a text.
    pub(super) question: Option<&'s str>,
    pub(super) sources: Vec<String>,
    pub(super) parent: String,
    pub(super) position: (f64, f64),
    pub(super) draft: &'s mut Draft,
}

impl<'a> Site<'_, 'a> {
    pub(super) fn variables(&self) -> &'a Variables {
        &self.flow.document.variables
    }

    /// A text of its options as a template.
    pub(super) fn template(&self, key: &str) -> String {
        self.variables().template(self.block.text(key))
    }

    /// Where the variable of the option `variableId` is kept.
    pub(super) fn save_as(&self) -> Option<&'a str> {
        self.variables().path(self.block.text("variableId"))
    }

    /// A node for the block.
    pub(super) fn node(&self, kind: &'static str) -> Node {
        Node::new(self.id.clone(), kind, self.block.pointer.clone())
    }

    /// Puts a node into the group.
    pub(super) fn push(&mut self, mut node: Node) {
        node.parent = Some(self.parent.clone());
        node.position = self.position;
        node.sources.clone_from(&self.sources);
        self.draft.nodes.push(node);
    }

    /// The way by `handle`, to the next block.
    pub(super) fn next(&self, handle: &str) -> Way<'a> {
        self.way(handle, Exit::Next)
    }

    /// The way by `handle`.
    pub(super) fn way(&self, handle: &str, to: Exit<'a>) -> Way<'a> {
        Way { from: self.id.clone(), handle: handle.to_owned(), to }
    }

    /// Tells that an option is left out.
    pub(super) fn drop_option(&mut self, key: &str, what: &str, help: &str) {
        if self.block.option(key).is_none() {
            return;
        }
        let pointer = format!("{}/options/{key}", self.block.pointer);
        self.draft.warn(&self.id, &pointer, format!("`{key}` is left out: {what}"), help);
    }

    /// Tells something about the block.
    pub(super) fn warn(&mut self, message: impl Into<String>, help: &str) {
        self.draft.warn(&self.id, &self.block.pointer, message.into(), help);
    }
}

pub(super) fn draw<'a>(site: &mut Site<'_, 'a>) -> Vec<Way<'a>> {
    let drawn = match site.block.kind {
        "text" | "image" | "video" | "embed" | "audio" => bubble::draw(site),
        "choice input" | "picture choice input" | "rating input" => choice::draw(site),
        "text input" | "number input" | "email input" | "url input" | "date input"
        | "time input" | "phone number input" | "file input" => ask::draw(site),
        "Set variable" => set_variable::draw(site),
        "Condition" => condition::draw(site),
        "Redirect" | "Wait" | "webhook" | "Typebot link" | "AB test" | "Jump" => logic::draw(site),
        "Webhook" | "Zapier" | "Make.com" | "Pabbly" => integration::draw(site),
        kind if llm::is_model(kind) => llm::draw(site),
        kind => Err(integration::note(kind).to_owned()),
    };
    drawn.unwrap_or_else(|note| placeholder(site, &note))
}

/// What has no counterpart stays wired as it was.
fn placeholder<'a>(site: &mut Site<'_, 'a>, note: &str) -> Vec<Way<'a>> {
    let block = site.block;
    let place = (site.id.clone(), block.pointer.clone());
    let kind = if block.kind.is_empty() { "unknown" } else { block.kind };
    let node = site.draft.placeholder(place, kind, block.json, note);
    site.push(node);
    let mut ways = vec![site.next("default")];
    let items = block.items().iter().filter(|item| !item.text_of("id").is_empty());
    ways.extend(items.map(|item| site.way(item.text_of("id"), Exit::Item(item))));
    ways
}
