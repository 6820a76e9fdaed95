//! The export, indexed: groups with their blocks, edges by id and by where they leave, variables.

use super::variable::Variables;
use crate::{
    import::draft::Draft,
    json::Json,
    limits::{STATES_MAX, TRANSITIONS_MAX},
};
use std::collections::HashMap;

/// A block.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) json: &'a Json,
    pub(super) pointer: String,
}

impl<'a> Block<'a> {
    /// A member of its options.
    pub(super) fn option(&self, key: &str) -> Option<&'a Json> {
        self.json.get("options")?.get(key).filter(|value| !value.is_empty())
    }

    /// A text of its options; empty if there is none.
    pub(super) fn text(&self, key: &str) -> &'a str {
        self.option(key).and_then(Json::as_str).unwrap_or_default()
    }

    /// A label of an input.
    pub(super) fn label(&self, key: &str) -> &'a str {
        self.option("labels").map_or("", |labels| labels.text_of(key))
    }

    /// Whether an option is switched on.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.option(key).and_then(Json::as_bool) == Some(true)
    }

    /// Its items: choices, conditions, paths.
    pub(super) fn items(&self) -> &'a [Json] {
        self.json.get("items").map_or(&[], Json::list)
    }
}

/// A box of blocks.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) position: (f64, f64),
    pub(super) blocks: Vec<Block<'a>>,
    pub(super) pointer: String,
}

/// Where an edge leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) group: &'a str,
    pub(super) block: &'a str,
    /// Its place in the list.
    pub(super) edge: usize,
}

/// The whole export.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) json: &'a Json,
    pub(super) groups: Vec<Group<'a>>,
    edges: HashMap<&'a str, Target<'a>>,
    /// By (block or event, item).
    from: HashMap<(&'a str, &'a str), Target<'a>>,
    pub(super) variables: Variables,
}

impl<'a> Document<'a> {
    pub(super) fn read(json: &'a Json, draft: &mut Draft) -> Self {
        let mut document = Self {
            json,
            groups: Vec::new(),
            edges: HashMap::new(),
            from: HashMap::new(),
            variables: Variables::read(json.get("variables").unwrap_or(&Json::Null), draft),
        };
        document.read_groups(draft);
        document.read_edges(draft);
        document
    }

    fn read_groups(&mut self, draft: &mut Draft) {
        let mut n_blocks = 0;
        for (index, group) in self.json.get("groups").map_or(&[][..], Json::list).iter().enumerate()
        {
            let pointer = format!("/groups/{index}");
            if !matches!(group, Json::Object(_)) {
                draft.remark(&pointer, "this group is not an object", "Export the bot again.");
                continue;
            }
            let blocks = group.get("blocks").map_or(&[][..], Json::list);
            n_blocks += blocks.len() + 1;
            // What is beyond is told by the graph, which is too large by then.
            if n_blocks > STATES_MAX * 2 {
                let message =
                    "the bot has too many blocks, and from this group on they were not read";
                draft.remark(&pointer, message, "Split the bot, and link the parts.");
                return;
            }
            self.groups.push(Group {
                id: group.text_of("id"),
                title: group.text_of("title"),
                position: coordinates(group),
                blocks: (blocks.iter().enumerate())
                    .map(|(index, block)| Block {
                        id: block.text_of("id"),
                        kind: block.text_of("type"),
                        json: block,
                        pointer: format!("{pointer}/blocks/{index}"),
                    })
                    .collect(),
                pointer,
            });
        }
    }

    fn read_edges(&mut self, draft: &mut Draft) {
        let edges = self.json.get("edges").map_or(&[][..], Json::list);
        for (index, edge) in edges.iter().enumerate().take(TRANSITIONS_MAX) {
            let (Some(from), Some(to)) = (edge.get("from"), edge.get("to")) else {
                let message = "this edge does not say where it leads from and to";
                draft.remark(&format!("/edges/{index}"), message, "Draw it again.");
                continue;
            };
            let target =
                Target { group: to.text_of("groupId"), block: to.text_of("blockId"), edge: index };
            self.edges.insert(edge.text_of("id"), target);
            let source = ["eventId", "blockId"].into_iter().map(|key| from.text_of(key));
            let source = source.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
            self.from.entry((source, from.text_of("itemId"))).or_insert(target);
        }
    }

    /// The edge that leaves a block or event, or one of its items: by its own word, else by the edge's.
    pub(super) fn leaves(&self, json: &Json, source: &str, item: &str) -> Option<Target<'a>> {
        let named = self.edges.get(json.text_of("outgoingEdgeId"));
        named.or_else(|| self.from.get(&(source, item))).copied()
    }
}

/// `graphCoordinates`.
pub(super) fn coordinates(json: &Json) -> (f64, f64) {
    let number = |key: &str| match json.at(&["graphCoordinates", key]) {
        Some(Json::Number(number)) => number.as_f64().filter(|n| n.is_finite()).unwrap_or(0.0),
        _ => 0.0,
    };
    (number("x"), number("y"))
}
