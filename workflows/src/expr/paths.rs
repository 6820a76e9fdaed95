//! Which variables an expression reads, for whoever follows data through a definition.

use std::ops::Range;

use super::ast::{Compare, Fold, Kind, Literal, Node, Root};

/// One place that reads a variable: the longest path of names known before anything runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathUse {
    /// `context`, `order`, `id` of `context.order.id` and of `context["order"].id`. It ends where an index is computed.
    pub segments: Vec<String>,
    /// Bytes of the source.
    pub span: Range<usize>,
    /// Whether the expression itself sees to it that nothing fails when the value is not there: `has`, `default`, `.?`, or
    /// a comparison with null or a `has` that decides whether this place is reached.
    pub is_guarded: bool,
}

impl PathUse {
    /// The name in scope it begins with.
    pub fn root(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }

    /// `context.order.id`
    pub fn dotted(&self) -> String {
        self.segments.join(".")
    }

    pub(super) fn shifted(mut self, offset: usize) -> Self {
        self.span = self.span.start + offset..self.span.end + offset;
        self
    }
}

/// Every reading place under `root`, in source order.
pub(super) fn paths(root: &Node) -> Vec<PathUse> {
    let mut walk = Walk { sure: Vec::new(), found: Vec::new() };
    walk.visit(root, false);
    walk.found.sort_by_key(|path| (path.span.start, path.span.end));
    walk.found
}

/// The names of a path, if the node is one.
pub(super) fn segments(node: &Node) -> Option<Vec<String>> {
    match &node.kind {
        Kind::Name(root) => root.name().map(|name| vec![name.to_owned()]),
        Kind::Select { of, field, .. } | Kind::OptionalSelect { of, field, .. } => {
            let mut path = segments(of)?;
            path.push(field.clone());
            Some(path)
        }
        Kind::Index(pair) | Kind::OptionalIndex(pair) => match &pair[1].kind {
            Kind::Literal(Literal::String(field)) => {
                let mut path = segments(&pair[0])?;
                path.push(field.clone());
                Some(path)
            }
            _ => None,
        },
        _ => None,
    }
}

struct Walk {
    /// Paths that are there wherever the walk has got to.
    sure: Vec<Vec<String>>,
    found: Vec<PathUse>,
}

impl Walk {
    fn visit(&mut self, node: &Node, is_guarded: bool) {
        if let Some(path) = segments(node) {
            return self.path(node, path, is_guarded);
        }
        match &node.kind {
            Kind::Has(path) => self.visit(path, true),
            Kind::Default(pair) => {
                self.visit(&pair[0], true);
                self.visit(&pair[1], is_guarded);
            }
            Kind::And(operands) => self.chain(operands, true, is_guarded),
            Kind::Or(operands) => self.chain(operands, false, is_guarded),
            Kind::Conditional(three) => {
                let [condition, yes, no] = three.as_ref();
                self.visit(condition, is_guarded);
                self.knowing(condition, true, |walk| walk.visit(yes, is_guarded));
                self.knowing(condition, false, |walk| walk.visit(no, is_guarded));
            }
            // `has` and `default` forgive the path they are given, not what is computed to find it.
            Kind::Index(pair) | Kind::OptionalIndex(pair) => {
                self.visit(&pair[0], is_guarded);
                self.visit(&pair[1], false);
            }
            Kind::Select { of, .. } | Kind::OptionalSelect { of, .. } => self.visit(of, is_guarded),
            Kind::Fold { fold, range, bodies, .. } => {
                self.visit(range, is_guarded);
                let is_guarded = is_guarded && *fold == Fold::Bind;
                bodies.iter().for_each(|body| self.visit(body, is_guarded));
            }
            _ => node.children(&mut |child| self.visit(child, is_guarded)),
        }
    }

    fn path(&mut self, node: &Node, segments: Vec<String>, is_guarded: bool) {
        let is_type = matches!(&node.kind, Kind::Name(Root::Type(_) | Root::Slot(_)));
        if is_type {
            return;
        }
        // What the first `.?` is asked of is read without its help.
        if let Some(of) = before_optional(node).filter(|of| !matches!(of.kind, Kind::Name(_))) {
            self.visit(of, is_guarded);
        }
        let is_sure = self.sure.iter().any(|sure| segments.starts_with(sure));
        let is_guarded = is_guarded || is_sure || before_optional(node).is_some();
        self.found.push(PathUse { segments, span: node.span(), is_guarded });
    }

    /// Operands from the left: each is reached only when those before it were true (`&&`) or false (`||`).
    fn chain(&mut self, operands: &[Node], truth: bool, is_guarded: bool) {
        let n_sure = self.sure.len();
        for operand in operands {
            self.visit(operand, is_guarded);
            told(operand, truth, &mut self.sure);
        }
        self.sure.truncate(n_sure);
    }

    fn knowing(&mut self, condition: &Node, truth: bool, look: impl FnOnce(&mut Self)) {
        let n_sure = self.sure.len();
        told(condition, truth, &mut self.sure);
        look(self);
        self.sure.truncate(n_sure);
    }
}

/// What stands before the first `.?` or `[?]` of a path.
fn before_optional(node: &Node) -> Option<&Node> {
    let (of, is_optional) = match &node.kind {
        Kind::OptionalSelect { of, .. } => (of.as_ref(), true),
        Kind::OptionalIndex(pair) => (&pair[0], true),
        Kind::Select { of, .. } => (of.as_ref(), false),
        Kind::Index(pair) => (&pair[0], false),
        _ => return None,
    };
    match before_optional(of) {
        None if is_optional => Some(of),
        first => first,
    }
}

/// The paths that must be there when the expression under `root` is `truth`.
pub(super) fn tells(root: &Node, truth: bool) -> Vec<Vec<String>> {
    let mut sure = Vec::new();
    told(root, truth, &mut sure);
    sure
}

/// The paths that must be there when `condition` is `truth`.
fn told(condition: &Node, truth: bool, sure: &mut Vec<Vec<String>>) {
    match &condition.kind {
        Kind::Has(path) if truth => sure.extend(segments(path)),
        Kind::Not(inner) => told(inner, !truth, sure),
        Kind::And(operands) if truth => operands.iter().for_each(|o| told(o, true, sure)),
        Kind::Or(operands) if !truth => operands.iter().for_each(|o| told(o, false, sure)),
        Kind::Default(pair) if pair[1].is_bool(!truth) => sure.extend(segments(&pair[0])),
        Kind::Compare(compare, pair) => {
            sure.extend(beyond_default(*compare, pair, truth));
            let is_telling = match compare {
                Compare::NotEqual => truth,
                Compare::Equal => !truth,
                _ => false,
            };
            let is_null = |node: &Node| matches!(node.kind, Kind::Literal(Literal::Null));
            if is_telling && is_null(&pair[1]) {
                sure.extend(segments(&pair[0]));
            } else if is_telling && is_null(&pair[0]) {
                sure.extend(segments(&pair[1]));
            }
        }
        _ => {}
    }
}

/// `default(path, x) == y` holds for another `y` only if the path is there; so does `default(path, x) != x`.
fn beyond_default(compare: Compare, pair: &[Node; 2], truth: bool) -> Option<Vec<String>> {
    let [Node { kind: Kind::Default(given), .. }, Node { kind: Kind::Literal(wanted), .. }] = pair
    else {
        return None;
    };
    let Kind::Literal(fallback) = &given[1].kind else { return None };
    let is_comparable = *fallback == Literal::Null
        || std::mem::discriminant(fallback) == std::mem::discriminant(wanted);
    if !is_comparable {
        return None;
    }
    let is_equal = match compare {
        Compare::Equal => truth,
        Compare::NotEqual => !truth,
        _ => return None,
    };
    (is_equal != (fallback == wanted)).then(|| segments(&given[0]))?
}
