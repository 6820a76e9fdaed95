//! Where the parts of a file that was made come from, so that problems are told where the admin can see them.

use crate::diagnostic::Diagnostic;

/// Places in the document that was uploaded, for the parts of the definition file that was made of it.
#[derive(Debug, Clone)]
pub(crate) enum Origins {
    /// The file has a graph that was drawn of something else.
    Graph {
        /// For each node, its id and the place it was made of.
        nodes: Vec<(String, String)>,
        /// For each edge, the place it was made of.
        edges: Vec<String>,
    },
    /// The file has the document as its machine.
    Machine,
}

impl Origins {
    /// Moves diagnostics of the file to the document. The field of a node has no place there, so it is named in words.
    pub(crate) fn place(&self, diagnostics: &mut [Diagnostic]) {
        for diagnostic in diagnostics {
            match self {
                Self::Graph { nodes, edges } => place_on_graph(nodes, edges, diagnostic),
                Self::Machine => {
                    let below = diagnostic.pointer.strip_prefix("/machine");
                    diagnostic.pointer = below.unwrap_or_default().to_owned();
                }
            }
        }
    }
}

fn place_on_graph(nodes: &[(String, String)], edges: &[String], diagnostic: &mut Diagnostic) {
    let node = part(&diagnostic.pointer, "/graph/nodes/");
    let edge = part(&diagnostic.pointer, "/graph/edges/");
    let mut pointer = String::new();
    if let Some((index, below)) = node
        && let Some((id, origin)) = nodes.get(index)
    {
        if let Some(field) = below.strip_prefix("/data/") {
            let field = field.replace('/', ".");
            diagnostic.message = format!("{} (in `{field}`)", diagnostic.message);
        }
        pointer.clone_from(origin);
        diagnostic.node.get_or_insert_with(|| id.clone());
    } else if let Some((index, _)) = edge {
        pointer = edges.get(index).cloned().unwrap_or_default();
    }
    diagnostic.pointer = pointer;
}

/// The index that follows `prefix`, and what follows that.
fn part<'a>(pointer: &'a str, prefix: &str) -> Option<(usize, &'a str)> {
    let rest = pointer.strip_prefix(prefix)?;
    let end = rest.find('/').unwrap_or(rest.len());
    Some((rest[..end].parse().ok()?, &rest[end..]))
}
