//! Moves problems of a lowered graph to where they were drawn: the text of the node's data that the code came from.
//!
//! Lowering keeps most texts as they are, and puts others into longer ones. So the text of the code is looked for in the data,
//! and then each text of the data in the code.

use super::place;
use crate::{
    diagnostic::{Diagnostic, Position, pointer_token},
    json::Json,
};
use serde_json::Value;
use std::{collections::HashMap, ops::Range};

/// Shorter texts are found anywhere by chance.
const PART_CHARS_MIN: usize = 6;

/// The nodes of a graph and the machine they were lowered to, each at its pointer.
pub(crate) struct Drawn<'g> {
    machine: &'g Json,
    nodes: HashMap<&'g str, (usize, &'g Value)>,
    at: &'g str,
}

impl<'g> Drawn<'g> {
    pub(crate) fn new(machine: &'g Json, graph: &'g Value, at: &'g str) -> Self {
        let nodes = graph.get("nodes").and_then(Value::as_array).into_iter().flatten();
        let mut places = HashMap::new();
        for (index, node) in nodes.enumerate() {
            if let Some(id) = node.get("id").and_then(Value::as_str) {
                places.entry(id).or_insert((index, node));
            }
        }
        Self { machine, nodes: places, at }
    }

    /// Moves one problem.
    pub(crate) fn place(&self, diagnostic: &mut Diagnostic) {
        let source = self.text_at(&diagnostic.pointer);
        let position = diagnostic.position.take();
        let node = diagnostic.node.as_deref().and_then(|id| self.nodes.get(id));
        let Some((index, node)) = node else {
            diagnostic.pointer = self.at.to_owned();
            return;
        };
        diagnostic.pointer = format!("{}/nodes/{index}", self.at);
        let (Some(source), Some(position), Some(data)) = (source, position, node.get("data"))
        else {
            return;
        };
        let span = position.start..position.end;
        let mut texts = Vec::new();
        collect(data, &mut "/data".to_owned(), &mut texts);
        let found =
            texts.iter().find_map(|(at, text)| Some((at, text, whole(text, source, &span)?)));
        let found = found.or_else(|| {
            texts.iter().find_map(|(at, text)| Some((at, text, part(text, source, &span)?)))
        });
        if let Some((at, text, chars)) = found {
            diagnostic.pointer.push_str(at);
            diagnostic.position = Some(Position::of(text, &bytes(text, &chars)));
        }
    }

    fn text_at(&self, pointer: &str) -> Option<&'g str> {
        let below = pointer.strip_prefix(self.at)?;
        let tokens = below.split('/').skip(1);
        tokens.into_iter().try_fold(self.machine, place::step)?.as_str()
    }
}

/// Every text below, with its pointer.
fn collect<'v>(value: &'v Value, at: &mut String, texts: &mut Vec<(String, &'v str)>) {
    let above = at.len();
    match value {
        Value::String(text) => texts.push((at.clone(), text)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                collect(item, at, texts);
                at.truncate(above);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                at.push('/');
                at.push_str(&pointer_token(key));
                collect(value, at, texts);
                at.truncate(above);
            }
        }
        _ => {}
    }
}

/// The same characters, if the text is the source.
fn whole(text: &str, source: &str, span: &Range<usize>) -> Option<Range<usize>> {
    (text == source).then(|| span.clone())
}

/// The characters in a text that is part of the source, or that what is meant is written in.
fn part(text: &str, source: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let n_chars = text.chars().count();
    if n_chars >= PART_CHARS_MIN
        && let Some(start) = source.find(text)
    {
        let start = source[..start].chars().count();
        if start <= span.start && span.end <= start + n_chars {
            return Some(span.start - start..span.end - start);
        }
    }
    let meant: String = source.chars().skip(span.start).take(span.len()).collect();
    let start = text.find(&meant).filter(|_| span.len() >= PART_CHARS_MIN)?;
    let start = text[..start].chars().count();
    Some(start..start + span.len())
}

/// Characters as bytes.
fn bytes(text: &str, chars: &Range<usize>) -> Range<usize> {
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    at(chars.start)..at(chars.end)
}
