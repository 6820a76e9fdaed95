//! The graph as the builder sent it.

use crate::{
    diagnostic::Diagnostic,
    json::Json,
    source::{Body, Source},
};
use std::collections::HashSet;

pub(super) fn export(source: &Source) -> Result<Json, Vec<Diagnostic>> {
    let Body::Graph(_) = &source.body else {
        let message = "this definition was written as a statechart, so there is no drawing of it";
        let told = Diagnostic::error("not-drawn", source.pointer.clone(), message);
        return Err(vec![told.help("Export it as `xstate` or as `file`.")]);
    };
    let mut graph = source.document.get("graph").unwrap_or(&source.document).clone();
    if let Json::Object(members) = &mut graph {
        for (key, value) in members {
            if let ("edges", Json::Array(edges)) = (key.as_str(), value) {
                name_edges(edges);
            }
        }
    }
    Ok(graph)
}

/// Gives each edge without an id one that is made of its ends, so that it stays the same from export to export.
fn name_edges(edges: &mut [Json]) {
    let mut taken: HashSet<String> =
        edges.iter().filter_map(|edge| Some(edge.get("id")?.as_str()?.to_owned())).collect();
    for edge in edges {
        if edge.get("id").is_some_and(|id| *id != Json::Null) {
            continue;
        }
        let handle = match edge.text_of("sourceHandle") {
            "" => "default",
            handle => handle,
        };
        let wanted = format!("e-{}-{handle}-{}", edge.text_of("source"), edge.text_of("target"));
        let mut id = wanted.clone();
        let mut n = 1;
        while !taken.insert(id.clone()) {
            n += 1;
            id = format!("{wanted}-{n}");
        }
        if let Json::Object(members) = edge {
            members.retain(|(key, _)| key != "id");
            members.insert(0, ("id".to_owned(), id.into()));
        }
    }
}
