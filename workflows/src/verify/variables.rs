//! The variables of a definition: every path of the context that something reads, as a tree whose parts are numbered so that
//! a path and all below it are a run of numbers.

use crate::chart::Mapper;
use serde_json::Value;
use std::{collections::HashMap, ops::Range};

/// All paths that are read.
#[derive(Debug, Default)]
pub(super) struct Variables {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    below: HashMap<String, usize>,
    above: usize,
    cell: u32,
    /// One past the last cell below.
    end: u32,
}

/// A path; what it stands for does not change once all are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place(usize);

impl Variables {
    pub(super) fn new() -> Self {
        let root = Node { below: HashMap::new(), above: 0, cell: 0, end: 1 };
        Self { nodes: vec![root] }
    }

    /// Adds a path (without `context`).
    pub(super) fn add(&mut self, path: &[String]) -> Place {
        let mut at = 0;
        for name in path {
            at = match self.nodes[at].below.get(name) {
                Some(below) => *below,
                None => {
                    let new = self.nodes.len();
                    self.nodes.push(Node { below: HashMap::new(), above: at, cell: 0, end: 0 });
                    self.nodes[at].below.insert(name.clone(), new);
                    new
                }
            };
        }
        Place(at)
    }

    /// Numbers the paths; no path is added after that.
    pub(super) fn number(&mut self) {
        let mut next = 0;
        // Children come after their parent, so sizes are summed from the back and numbers given from the front.
        let mut sizes = vec![1_u32; self.nodes.len()];
        for index in (1..self.nodes.len()).rev() {
            sizes[self.nodes[index].above] += sizes[index];
        }
        let mut free = vec![0_u32; self.nodes.len()];
        for index in 0..self.nodes.len() {
            let cell = if index == 0 { next } else { free[self.nodes[index].above] };
            if index == 0 {
                next = sizes[0];
            } else {
                free[self.nodes[index].above] += sizes[index];
            }
            free[index] = cell + 1;
            self.nodes[index].cell = cell;
            self.nodes[index].end = cell + sizes[index];
        }
    }

    /// How many there are.
    pub(super) fn n_cells(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn cell(&self, place: Place) -> u32 {
        self.nodes[place.0].cell
    }

    /// The path and all below it.
    pub(super) fn all(&self, place: Place) -> Range<u32> {
        self.nodes[place.0].cell..self.nodes[place.0].end
    }

    /// The place of a path, if it is read.
    pub(super) fn find(&self, path: &[String]) -> Option<Place> {
        let found = path.iter().try_fold(0, |at, name| self.nodes[at].below.get(name).copied());
        found.map(Place)
    }

    /// The places from the first name of a path to the whole path.
    pub(super) fn along(&self, place: Place) -> Vec<Place> {
        let mut along = Vec::new();
        let mut at = place.0;
        while at != 0 {
            along.push(Place(at));
            at = self.nodes[at].above;
        }
        along.reverse();
        along
    }

    /// What is set when this value is written at this path: the path, what must be there for it, and what is in it. Of a
    /// computed value nobody knows what is in it, so all of it counts as set.
    pub(super) fn written(&self, path: &[String], value: &Mapper) -> Vec<Range<u32>> {
        let mut found = Vec::new();
        let mut at = 0;
        for name in path {
            match self.nodes[at].below.get(name) {
                Some(below) => at = *below,
                None => return found,
            }
            found.push(self.nodes[at].cell..self.nodes[at].cell + 1);
        }
        self.mapped(at, value, &mut found);
        found
    }

    fn mapped(&self, at: usize, value: &Mapper, found: &mut Vec<Range<u32>>) {
        let node = &self.nodes[at];
        match value {
            Mapper::Literal(value) => self.literal(at, value, found),
            Mapper::Expression(_) => found.push(node.cell..node.end),
            Mapper::Object(parts) => {
                found.push(node.cell..node.cell + 1);
                for (name, part) in parts {
                    if let Some(below) = node.below.get(name) {
                        self.mapped(*below, part, found);
                    }
                }
            }
            Mapper::Template(_) | Mapper::Array(_) => found.push(node.cell..node.cell + 1),
        }
    }

    fn literal(&self, at: usize, value: &Value, found: &mut Vec<Range<u32>>) {
        let node = &self.nodes[at];
        found.push(node.cell..node.cell + 1);
        let fields = value.as_object().filter(|_| !node.below.is_empty());
        for (name, value) in fields.into_iter().flatten() {
            if let Some(below) = node.below.get(name) {
                self.literal(*below, value, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_written() {
        let mut variables = Variables::new();
        for read in ["a.b", "c", "a", "a.b.d", "a.e", "c.x"] {
            variables.add(&path(read));
        }
        variables.number();
        for (at, value, wanted) in [
            ("a", json!({"b": {"d": 1}}), &["a", "a.b", "a.b.d"][..]),
            ("a", json!(null), &["a"]),
            ("a.e", json!(1), &["a", "a.e"]),
            ("c.y", json!(1), &["c"]),
            ("z", json!(1), &[]),
        ] {
            let ranges = variables.written(&path(at), &Mapper::Literal(value));
            for read in ["a", "a.b", "a.b.d", "a.e", "c", "c.x"] {
                let cell = variables.cell(variables.find(&path(read)).unwrap());
                let is_set = ranges.iter().any(|range| range.contains(&cell));
                assert_eq!(is_set, wanted.contains(&read), "{at} {read} {ranges:?}");
            }
        }
    }
}
