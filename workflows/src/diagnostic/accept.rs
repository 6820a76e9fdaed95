//! Warnings that the people who own a definition have looked at and accept, each with a reason.
//!
//! In a definition file `"accept": [{"code", "node"?, "pointer"?, "reason"}]`; on a node of a graph
//! `"data": {"accept": {"<code>": "<reason>"}}`.
//!
//! **Invariant:** an error is never accepted, and nothing is accepted without a reason.
//! **Invariant:** an accepted warning stays among the diagnostics.

use super::{Diagnostic, catalogue, pointer_token};
use crate::{json::Json, suggest};
use std::collections::HashMap;

/// Most acceptances in the list of a definition file.
const ACCEPTANCES_MAX: usize = 1_000;

const FIELDS: &[&str] = &["code", "node", "pointer", "reason"];
const SHAPE: &str = "Write {\"code\": \"window\", \"node\": \"reminder\", \"reason\": \"why this is fine\"}; `node` and `pointer` may be left out.";

/// One acceptance as it was written.
struct Acceptance<'a> {
    /// Where it stands.
    at: String,
    code: &'a str,
    node: Option<&'a str>,
    pointer: Option<&'a str>,
    reason: &'a str,
}

impl Acceptance<'_> {
    /// Whether a diagnostic of its code, and of its node if it names one, is meant.
    fn matches(&self, diagnostic: &Diagnostic) -> bool {
        self.pointer.is_none_or(|pointer| {
            let rest = diagnostic.pointer.strip_prefix(pointer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// Marks the warnings that `document` accepts, and tells what is wrong with its acceptances. To be called once, after
/// every other diagnostic of the document.
pub(crate) fn accept(document: &Json, diagnostics: &mut Vec<Diagnostic>) {
    let mut told = Vec::new();
    let acceptances = read(document, &mut told);
    let has_errors = diagnostics.iter().any(Diagnostic::is_error);
    for (acceptance, meant) in meant(&acceptances, diagnostics) {
        // With errors about, later stages have not looked yet, so its warning may still come.
        if meant.is_empty() && !has_errors {
            told.push(unused(acceptance));
        }
        for index in meant {
            let diagnostic = &mut diagnostics[index];
            match diagnostic.is_error() {
                true => told.push(not_a_warning(acceptance, diagnostic)),
                false => diagnostic.accepted = Some(acceptance.reason.to_owned()),
            }
        }
    }
    diagnostics.append(&mut told);
}

/// For each acceptance the places of the diagnostics it is about.
fn meant<'a>(
    acceptances: &'a [Acceptance<'a>],
    diagnostics: &[Diagnostic],
) -> Vec<(&'a Acceptance<'a>, Vec<usize>)> {
    let mut by_name: HashMap<(&str, Option<&str>), Vec<usize>> = HashMap::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let node = diagnostic.node.as_deref();
        for node in node.map(Some).into_iter().chain([None]) {
            by_name.entry((diagnostic.code, node)).or_default().push(index);
        }
    }
    let indices = |acceptance: &Acceptance<'_>| -> Vec<usize> {
        let named = by_name.get(&(acceptance.code, acceptance.node)).into_iter().flatten();
        named.copied().filter(|index| acceptance.matches(&diagnostics[*index])).collect()
    };
    acceptances.iter().map(|acceptance| (acceptance, indices(acceptance))).collect()
}

fn unused(acceptance: &Acceptance<'_>) -> Diagnostic {
    let message = format!(
        "nothing here has the warning `{}`, so there is nothing to accept",
        acceptance.code
    );
    let known = catalogue::find(acceptance.code).is_some();
    let help = match known {
        true => "Remove it; it would hide the next warning of this code.".to_owned(),
        false => suggest::help(acceptance.code, catalogue::warnings()),
    };
    on_node(Diagnostic::warning("accept-unused", &acceptance.at, message).help(help), acceptance)
}

fn not_a_warning(acceptance: &Acceptance<'_>, error: &Diagnostic) -> Diagnostic {
    let message = format!("`{}` is an error, and only warnings can be accepted", error.code);
    let help = "Cure the error, and remove this.";
    on_node(Diagnostic::error("accept-error", &acceptance.at, message).help(help), acceptance)
}

fn on_node(diagnostic: Diagnostic, acceptance: &Acceptance<'_>) -> Diagnostic {
    match acceptance.node {
        Some(node) => diagnostic.on(node),
        None => diagnostic,
    }
}

fn read<'a>(document: &'a Json, out: &mut Vec<Diagnostic>) -> Vec<Acceptance<'a>> {
    let is_file = document.get("perdure").is_some();
    let (graph, at) = match document.get("graph").filter(|_| is_file) {
        Some(graph) => (graph, "/graph"),
        None => (document, ""),
    };
    let mut read = Vec::new();
    if let Some(list) = document.get("accept").filter(|_| is_file) {
        of_file(list, &mut read, out);
    }
    let Some(Json::Array(nodes)) = graph.get("nodes") else { return read };
    for (index, node) in nodes.iter().enumerate() {
        let accept = node.get("data").and_then(|data| data.get("accept"));
        if let Some(accept) = accept.filter(|accept| !matches!(accept, Json::Null)) {
            let node = node.get("id").and_then(Json::as_str);
            of_node(accept, node, &format!("{at}/nodes/{index}/data/accept"), &mut read, out);
        }
    }
    read
}

fn of_file<'a>(list: &'a Json, read: &mut Vec<Acceptance<'a>>, out: &mut Vec<Diagnostic>) {
    let items = match list {
        Json::Array(items) => items.as_slice(),
        Json::Null => &[],
        _ => {
            out.push(wrong("/accept", "`accept` is a list of warnings that are accepted", None));
            &[]
        }
    };
    if items.len() > ACCEPTANCES_MAX {
        let message = format!("{ACCEPTANCES_MAX} acceptances are the most");
        out.push(wrong("/accept", &message, None));
    }
    for (index, item) in items.iter().take(ACCEPTANCES_MAX).enumerate() {
        let at = format!("/accept/{index}");
        let text = |field: &str| item.get(field).and_then(Json::as_str);
        let is_known = |key: &str| FIELDS.contains(&key);
        let stray = item
            .entries()
            .iter()
            .find(|(key, value)| !is_known(key) || !matches!(value, Json::String(_) | Json::Null));
        let reason = text("reason").filter(|reason| !reason.trim().is_empty());
        match (text("code"), reason, stray) {
            (_, _, Some((key, _))) if !is_known(key) => {
                let message = format!("`{key}` means nothing in an acceptance");
                out.push(wrong(&format!("{at}/{}", pointer_token(key)), &message, None));
            }
            (_, _, Some((key, _))) => {
                out.push(wrong(&format!("{at}/{key}"), &format!("`{key}` must be a text"), None));
            }
            (Some(code), Some(reason), None) => read.push(Acceptance {
                at,
                code,
                node: text("node"),
                pointer: text("pointer"),
                reason,
            }),
            (None, ..) => out.push(wrong(&at, "this does not say which warning is accepted", None)),
            (Some(code), None, _) => out.push(no_reason(&at, code, None)),
        }
    }
}

fn of_node<'a>(
    accept: &'a Json,
    node: Option<&'a str>,
    at: &str,
    read: &mut Vec<Acceptance<'a>>,
    out: &mut Vec<Diagnostic>,
) {
    let Json::Object(reasons) = accept else {
        let message = "`accept` is an object of reasons by code, e.g. {\"window\": \"a reason\"}";
        out.push(wrong(at, message, node));
        return;
    };
    for (code, reason) in reasons {
        let at = format!("{at}/{}", pointer_token(code));
        match reason.as_str().filter(|reason| !reason.trim().is_empty()) {
            Some(reason) => read.push(Acceptance { at, code, node, pointer: None, reason }),
            None => out.push(no_reason(&at, code, node)),
        }
    }
}

fn no_reason(at: &str, code: &str, node: Option<&str>) -> Diagnostic {
    let message = format!("`{code}` is accepted without a reason");
    wrong(at, &message, node).help("Say in a sentence why it is fine; the next reader will ask.")
}

fn wrong(at: &str, message: &str, node: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error("accept-shape", at, message).help(SHAPE);
    match node {
        Some(node) => diagnostic.on(node),
        None => diagnostic,
    }
}
