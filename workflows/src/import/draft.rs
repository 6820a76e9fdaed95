//! The definition file while it is made: nodes, edges, initial context, and the list of what needs rewriting.

use super::{Imported, Origins, Product, names::Names};
use crate::{
    diagnostic::Diagnostic,
    json::{Json, object},
    kinds::imported::{self, KIND, NEEDS_REWRITING},
};
use serde_json::Number;
use std::collections::HashSet;

/// A node of the graph.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) kind: &'static str,
    /// What it was called.
    pub(super) label: String,
    /// The group it lies in.
    pub(super) parent: Option<String>,
    pub(super) position: (f64, f64),
    /// Fields of `data`, in the order they were set.
    pub(super) fields: Vec<(String, Json)>,
    /// Ids of what it was made of.
    pub(super) sources: Vec<String>,
    /// Where in the document it was made of that stands.
    pub(super) pointer: String,
}

impl Node {
    /// A node without fields.
    pub(super) fn new(id: String, kind: &'static str, pointer: String) -> Self {
        Self {
            id,
            kind,
            label: String::new(),
            parent: None,
            position: (0.0, 0.0),
            fields: Vec::new(),
            sources: Vec::new(),
            pointer,
        }
    }

    /// With a field.
    pub(super) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a field.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    fn into_json(self) -> Json {
        let mut data = Vec::new();
        if !self.label.is_empty() {
            data.push(("label".to_owned(), self.label.into()));
        }
        data.extend(self.fields);
        if !self.sources.is_empty() {
            let ids = self.sources.into_iter().map(Json::from).collect::<Vec<_>>();
            data.push(("ui".to_owned(), object([("from", ids.into())])));
        }
        let mut node = vec![
            ("id".to_owned(), self.id.into()),
            ("type".to_owned(), self.kind.into()),
            ("position".to_owned(), point(self.position)),
        ];
        if let Some(parent) = self.parent {
            node.push(("parentId".to_owned(), parent.into()));
        }
        node.push(("data".to_owned(), Json::Object(data)));
        Json::Object(node)
    }
}

#[derive(Debug)]
struct Edge {
    source: String,
    handle: Option<String>,
    target: String,
    pointer: String,
}

/// What the file is called.
#[derive(Debug)]
pub(super) struct Title {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
}

/// Collects the file.
#[derive(Debug)]
pub(super) struct Draft {
    product: Product,
    pub(super) nodes: Vec<Node>,
    edges: Vec<Edge>,
    diagnostics: Vec<Diagnostic>,
    /// What was said of the whole, each once.
    remarks: HashSet<(String, String)>,
    pub(super) ids: Names,
    /// Names in the context.
    pub(super) paths: Names,
    context: Vec<(String, Json)>,
    /// Further members of the graph, which nothing but a builder reads.
    pub(super) extras: Vec<(String, Json)>,
}

impl Draft {
    pub(super) fn new(product: Product) -> Self {
        Self {
            product,
            nodes: Vec::new(),
            edges: Vec::new(),
            diagnostics: Vec::new(),
            remarks: HashSet::new(),
            ids: Names::default(),
            paths: Names::default(),
            context: Vec::new(),
            extras: Vec::new(),
        }
    }

    /// An initial value in the context.
    pub(super) fn start_with(&mut self, path: &str, value: Json) {
        self.context.push((path.to_owned(), value));
    }

    /// An edge. Without a handle it leaves by `default`.
    pub(super) fn edge(&mut self, (source, handle): (&str, &str), target: &str, pointer: &str) {
        self.edges.push(Edge {
            source: source.to_owned(),
            handle: (handle != "default").then(|| handle.to_owned()),
            target: target.to_owned(),
            pointer: pointer.to_owned(),
        });
    }

    /// Something of a node that could not be taken over.
    pub(super) fn warn(&mut self, node: &str, pointer: &str, message: String, help: &str) {
        self.diagnostics
            .push(Diagnostic::warning(NEEDS_REWRITING, pointer, message).on(node).help(help));
    }

    /// Something of the whole that could not be taken over.
    pub(super) fn remark(&mut self, pointer: &str, message: &str, help: &str) {
        if self.remarks.insert((pointer.to_owned(), message.to_owned())) {
            let told = Diagnostic::warning(NEEDS_REWRITING, pointer, message);
            self.diagnostics.push(told.help(help));
        }
    }

    /// The node that stands for something without a counterpart, told of.
    pub(super) fn placeholder(
        &mut self,
        (id, pointer): (String, String),
        original_type: &str,
        original: &Json,
        note: &str,
    ) -> Node {
        let message = imported::message(self.product.name(), original_type);
        self.diagnostics
            .push(Diagnostic::error(NEEDS_REWRITING, &*pointer, message).on(&*id).help(note));
        Node::new(id, KIND, pointer)
            .with("from", self.product.name())
            .with("type", original_type)
            .with("original", original.clone())
            .with("note", note)
    }

    /// The file.
    pub(super) fn finish(self, title: Title) -> Imported {
        let origins = Origins::Graph {
            nodes: self.nodes.iter().map(|n| (n.id.clone(), n.pointer.clone())).collect(),
            edges: self.edges.iter().map(|edge| edge.pointer.clone()).collect(),
        };
        let nodes: Vec<Json> = self.nodes.into_iter().map(Node::into_json).collect();
        let edges: Vec<Json> = (self.edges.into_iter().enumerate())
            .map(|(index, edge)| edge.into_json(index))
            .collect();
        let viewport = object([("x", 0.into()), ("y", 0.into()), ("zoom", Json::Number(1.into()))]);
        let mut graph = vec![
            ("nodes".to_owned(), nodes.into()),
            ("edges".to_owned(), edges.into()),
            ("viewport".to_owned(), viewport),
        ];
        graph.extend(self.extras);
        let mut file = vec![
            ("perdure".to_owned(), 1.into()),
            ("name".to_owned(), title.name.into()),
            ("title".to_owned(), title.title.into()),
            ("description".to_owned(), title.description.into()),
        ];
        if !self.context.is_empty() {
            file.push(("context".to_owned(), Json::Object(self.context)));
        }
        file.push(("graph".to_owned(), Json::Object(graph)));
        Imported { file: Json::Object(file), diagnostics: self.diagnostics, origins }
    }
}

impl Edge {
    fn into_json(self, index: usize) -> Json {
        let mut edge = vec![
            ("id".to_owned(), format!("e{}", index + 1).into()),
            ("source".to_owned(), self.source.into()),
        ];
        if let Some(handle) = self.handle {
            edge.push(("sourceHandle".to_owned(), handle.into()));
        }
        edge.push(("target".to_owned(), self.target.into()));
        Json::Object(edge)
    }
}

/// `{x, y}`, whole where they are.
fn point((x, y): (f64, f64)) -> Json {
    let number = |value: f64| match value.fract() == 0.0 && value.abs() < 1e9 {
        true => Json::Number((value as i64).into()),
        false => Number::from_f64(value).map_or_else(|| Json::from(0), Json::Number),
    };
    object([("x", number(x)), ("y", number(y))])
}
