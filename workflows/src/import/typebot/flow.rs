//! Which node stands for which block, and how they are wired.
//!
//! **Invariant:** planned before anything is drawn, so an edge may lead to any block; a chain of jumps is followed once.

use super::{
    ask,
    block::{self, Exit, Site, Way},
    document::{Block, Document, Target},
};
use crate::{
    import::{
        draft::{Draft, Node},
        text::min_chars,
    },
    json::{Json, object},
};
use std::collections::HashMap;

/// Group and block, by index.
type Place = (usize, usize);

/// Where the nodes of a group stand inside it.
const ROW: f64 = 140.0;
const INDENT: f64 = 20.0;
const HEAD: f64 = 60.0;

/// The plan.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    pub(super) document: &'a Document<'a>,
    groups: HashMap<&'a str, usize>,
    blocks: HashMap<&'a str, Place>,
    /// The node a block is entered by. A text that became a question has that of its input; a jump that of its target.
    heads: HashMap<Place, String>,
    /// What is asked by an input: the text before it.
    questions: HashMap<Place, String>,
    /// Jumps that lead somewhere.
    jumps: HashMap<Place, String>,
    /// The id of each group's node.
    frames: Vec<String>,
    /// The group around everything, if commands can interrupt it.
    pub(super) all: Option<String>,
    /// Where the workflow ends.
    pub(super) end: String,
    /// Where it ends when nobody answered.
    expired: Option<String>,
    /// How long an answer is waited for.
    pub(super) expiry: Option<String>,
}

impl<'a> Flow<'a> {
    pub(super) fn plan(document: &'a Document<'a>, draft: &mut Draft) -> Self {
        let expiry = super::start::expiry(document.json);
        let mut flow = Self {
            document,
            groups: HashMap::new(),
            blocks: HashMap::new(),
            heads: HashMap::new(),
            questions: HashMap::new(),
            jumps: HashMap::new(),
            frames: Vec::new(),
            all: super::start::has_commands(document.json).then(|| draft.ids.id("flow", "flow")),
            end: draft.ids.id("end", "end"),
            expired: expiry.as_ref().map(|_| draft.ids.id("expired", "expired")),
            expiry,
        };
        for (g, group) in document.groups.iter().enumerate() {
            flow.groups.entry(group.id).or_insert(g);
            flow.frames.push(draft.ids.id(group.id, "group"));
            for (b, block) in group.blocks.iter().enumerate() {
                flow.blocks.entry(block.id).or_insert((g, b));
                flow.plan_block((g, b), block, draft);
            }
        }
        flow.plan_jumps();
        flow.head_questions();
        flow
    }

    fn plan_block(&mut self, place @ (g, b): Place, block: &Block<'_>, draft: &mut Draft) {
        if block.kind == "start" {
            return;
        }
        let next = self.document.groups[g].blocks.get(b + 1);
        if block.kind == "text"
            && let Some(chars_max) = next.and_then(|next| ask::question_chars_max(next))
        {
            let text = super::rich_text::template(block, &self.document.variables);
            if !text.is_empty() && min_chars(&text) <= chars_max {
                self.questions.insert((g, b + 1), text);
                return;
            }
        }
        self.heads.insert(place, draft.ids.id(block.id, "block"));
    }

    /// A text that became a question is entered by its input.
    fn head_questions(&mut self) {
        let inputs: Vec<Place> = self.questions.keys().copied().collect();
        for (g, b) in inputs {
            if let Some(head) = self.heads.get(&(g, b)).cloned() {
                self.heads.insert((g, b - 1), head);
            }
        }
    }

    /// Where a jump leads; jumps that lead in circles, or nowhere, stay blocks.
    fn plan_jumps(&mut self) {
        let mut ends: HashMap<Place, Option<Place>> = HashMap::new();
        let mut jumps: Vec<Place> =
            self.heads.keys().copied().filter(|p| self.block(*p).kind == "Jump").collect();
        jumps.sort_unstable();
        for jump in jumps {
            let mut path = Vec::new();
            let mut at = Some(jump);
            let end = loop {
                match at {
                    Some(place) if self.block(place).kind != "Jump" => break Some(place),
                    Some(place) => match ends.get(&place) {
                        Some(known) => break *known,
                        None => {
                            // Unknown until its end is found: whoever comes back here runs in circles.
                            ends.insert(place, None);
                            path.push(place);
                            at = self.jump_target(place);
                        }
                    },
                    None => break None,
                }
            };
            for place in path {
                ends.insert(place, end);
            }
        }
        for (jump, end) in ends {
            // A text in front of an input has no head yet; it is entered by the input's.
            let head = end.and_then(|(g, b)| {
                self.heads.get(&(g, b)).or_else(|| self.heads.get(&(g, b + 1))).cloned()
            });
            if let Some(head) = head {
                self.heads.insert(jump, head.clone());
                self.jumps.insert(jump, head);
            }
        }
    }

    fn jump_target(&self, place: Place) -> Option<Place> {
        let block = self.block(place);
        self.place(block.text("groupId"), block.text("blockId"))
    }

    fn block(&self, (g, b): Place) -> &'a Block<'a> {
        &self.document.groups[g].blocks[b]
    }

    /// The block an edge leads to: the named one, else the first of the group.
    fn place(&self, group: &str, block: &str) -> Option<Place> {
        if let Some(place) = self.blocks.get(block).filter(|_| !block.is_empty()) {
            return Some(*place);
        }
        let g = *self.groups.get(group)?;
        let first = self.document.groups[g].blocks.iter().position(|block| block.kind != "start");
        first.map(|b| (g, b))
    }

    /// The node an edge leads to; the end for an edge to nowhere and to an empty group.
    pub(super) fn entry(&self, target: Target<'_>, draft: &mut Draft) -> &str {
        let place = self.place(target.group, target.block);
        if let Some(head) = place.and_then(|place| self.heads.get(&place)) {
            return head;
        }
        if !self.groups.contains_key(target.group) {
            let at = format!("/edges/{}/to", target.edge);
            let message = "this edge leads to nothing, so the workflow ends there";
            draft.remark(&at, message, "Lead it to a node.");
        }
        &self.end
    }

    /// The block after this one: the next of the group, or where its edge leads.
    fn next(&self, (g, b): Place, draft: &mut Draft) -> (&str, String) {
        let block = self.block((g, b));
        if let Some(target) = self.document.leaves(block.json, block.id, "") {
            return (self.entry(target, draft), format!("/edges/{}", target.edge));
        }
        self.below((g, b))
    }

    /// The next block of the group.
    fn below(&self, (g, b): Place) -> (&str, String) {
        let below = self.heads.get(&(g, b + 1));
        (below.unwrap_or(&self.end), self.block((g, b)).pointer.clone())
    }

    pub(super) fn draw(&self, draft: &mut Draft) {
        self.draw_frames(draft);
        let mut is_expiring = false;
        for (g, group) in self.document.groups.iter().enumerate() {
            for (b, block) in group.blocks.iter().enumerate() {
                let place = (g, b);
                let is_question = self.questions.contains_key(&(g, b + 1)) && block.kind == "text";
                if block.kind == "start" || is_question || self.jumps.contains_key(&place) {
                    continue;
                }
                let Some(id) = self.heads.get(&place) else { continue };
                let mut site = Site {
                    flow: self,
                    block,
                    id: id.clone(),
                    question: self.questions.get(&place).map(String::as_str),
                    sources: self.sources(place),
                    parent: self.frames[g].clone(),
                    position: (INDENT, HEAD + ROW * b as f64),
                    draft,
                };
                let ways = block::draw(&mut site);
                is_expiring |= ways.iter().any(|way| matches!(way.to, Exit::Expired));
                for way in ways {
                    self.wire(place, &way, draft);
                }
            }
        }
        self.draw_ends(is_expiring, draft);
        self.keep_jumps(draft);
    }

    /// The blocks a node is made of.
    fn sources(&self, (g, b): Place) -> Vec<String> {
        let question = self.questions.contains_key(&(g, b)).then(|| self.block((g, b - 1)));
        let blocks = question.into_iter().chain([self.block((g, b))]);
        blocks.map(|block| block.id.to_owned()).collect()
    }

    fn wire(&self, place: Place, way: &Way, draft: &mut Draft) {
        let block = self.block(place);
        let (target, pointer) = match &way.to {
            Exit::Next => self.next(place, draft),
            Exit::Item(item) | Exit::Held(item) => {
                let id = item.text_of("id");
                match self.document.leaves(item, block.id, id).filter(|_| !id.is_empty()) {
                    Some(target) => (self.entry(target, draft), format!("/edges/{}", target.edge)),
                    None if matches!(way.to, Exit::Held(_)) => self.below(place),
                    None => self.next(place, draft),
                }
            }
            Exit::Node(id) => (id.as_str(), block.pointer.clone()),
            Exit::Expired => (self.expired.as_deref().unwrap_or(&self.end), block.pointer.clone()),
        };
        draft.edge((&way.from, &way.handle), target, &pointer);
    }

    fn draw_frames(&self, draft: &mut Draft) {
        if let Some(all) = &self.all {
            let mut node = Node::new(all.clone(), "group", "/events".to_owned());
            node.label = "Flow".to_owned();
            draft.nodes.push(node);
        }
        for (group, id) in self.document.groups.iter().zip(&self.frames) {
            // A group that holds nothing, or only the start, is no box around anything.
            if group.blocks.iter().all(|block| block.kind == "start") {
                continue;
            }
            let mut node = Node::new(id.clone(), "group", group.pointer.clone());
            node.label = group.title.to_owned();
            node.position = group.position;
            node.parent.clone_from(&self.all);
            node.sources = vec![group.id.to_owned()];
            draft.nodes.push(node);
        }
    }

    fn draw_ends(&self, is_expiring: bool, draft: &mut Draft) {
        let right = self.document.groups.iter().map(|group| group.position.0).fold(0.0, f64::max);
        let mut end = Node::new(self.end.clone(), "end", String::new());
        end.position = (right + 400.0, 0.0);
        draft.nodes.push(end);
        if let Some(id) = self.expired.as_ref().filter(|_| is_expiring) {
            let pointer = "/settings/whatsApp".to_owned();
            let mut expired = Node::new(id.clone(), "end", pointer);
            expired.label = "Session expired".to_owned();
            expired.position = (right + 400.0, ROW);
            draft.nodes.push(expired);
        }
    }

    fn keep_jumps(&self, draft: &mut Draft) {
        let mut places: Vec<_> = self.jumps.iter().collect();
        places.sort();
        let jumps = places.into_iter().map(|(place, to)| {
            object([("id", self.block(*place).id.into()), ("to", to.as_str().into())])
        });
        let jumps: Vec<Json> = jumps.collect();
        if !jumps.is_empty() {
            draft.extras.push(("jumps".to_owned(), jumps.into()));
        }
    }
}
