//! The names in scope with their types, and what else is known at upload: lengths of texts, texts, states.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::bounds::{Bounds, Lengths};
use super::texts::Texts;
use super::types::Type;

/// The top-level names an expression may use, with their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeEnv {
    names: BTreeMap<String, Type>,
    lengths: Lengths,
    /// The arguments each text needs; `None` while the texts are not known.
    texts: Option<Arc<BTreeMap<String, BTreeSet<String>>>>,
    /// Ids and paths of states; `None` while they are not known.
    states: Option<Arc<BTreeSet<String>>>,
    is_trusting: bool,
}

impl TypeEnv {
    /// The names every expression sees: the roots as `Dyn`, and `now`.
    pub fn standard() -> Self {
        let roots = ["context", "event", "input", "contact", "tenant", "channel"];
        let mut names: BTreeMap<_, _> =
            roots.iter().map(|root| (String::from(*root), Type::Dyn)).collect();
        names.insert("now".into(), Type::Timestamp);
        Self { names, lengths: Lengths::default(), texts: None, states: None, is_trusting: false }
    }

    /// The names every expression sees, for expressions that were checked before: nothing is a problem but the syntax.
    pub fn trusting() -> Self {
        Self { is_trusting: true, ..Self::standard() }
    }

    /// Whether nothing is checked.
    pub(crate) fn is_trusting(&self) -> bool {
        self.is_trusting
    }

    /// The same with `name` declared as `ty`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ty: Type) -> Self {
        self.declare(name, ty);
        self
    }

    /// The same with `name` declared by a JSON Schema, and with what that says about lengths of texts.
    #[must_use]
    pub fn with_schema(mut self, name: &str, schema: &Value) -> Self {
        self.declare(name, Type::from_json_schema(schema));
        self.lengths.read(name, schema);
        self
    }

    /// The same with what a schema says about lengths of texts under `name`, whose type is declared otherwise.
    #[must_use]
    pub fn with_lengths(mut self, name: &str, schema: &Value) -> Self {
        self.lengths.read(name, schema);
        self
    }

    /// The same with these texts: from then on `t("key")` with a key that is not there, or without an argument that the
    /// text needs, is a problem. Names that are declared later count as arguments, so declare the standard ones first.
    #[must_use]
    pub fn with_texts(mut self, texts: &Texts) -> Self {
        self.texts = Some(Arc::new(texts.arguments(&self)));
        self
    }

    /// The same with these ids and paths of states: from then on `in_state("…")` with another is a problem.
    #[must_use]
    pub fn with_states(mut self, states: impl IntoIterator<Item = String>) -> Self {
        self.states = Some(Arc::new(states.into_iter().collect()));
        self
    }

    /// The arguments each text needs, if the texts are known.
    pub(super) fn texts(&self) -> Option<&BTreeMap<String, BTreeSet<String>>> {
        self.texts.as_deref()
    }

    /// Ids and paths of states, if they are known.
    pub(super) fn states(&self) -> Option<&BTreeSet<String>> {
        self.states.as_deref()
    }

    /// Least and greatest length of the text at a dotted path, as far as a schema tells.
    pub(super) fn length(&self, path: &str) -> Option<Bounds> {
        self.lengths.get(path)
    }

    /// The same without `name`, where it cannot be used (e.g. `event` in a start-up value).
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.names.remove(name);
        self
    }

    /// Declares `name`, or changes its type.
    pub fn declare(&mut self, name: impl Into<String>, ty: Type) {
        self.names.insert(name.into(), ty);
    }

    /// Declares the field at a dotted path (`context.order.id`), making objects on the way.
    ///
    /// What is already `Dyn` or a map stays so, since it allows any field; a field that is there keeps its type when
    /// `ty` is `Dyn`, and joins with it otherwise.
    pub fn declare_path(&mut self, path: &str, ty: Type) {
        let mut steps = path.split('.');
        let Some(first) = steps.next() else { return };
        let mut at = self
            .names
            .entry(first.into())
            .or_insert_with(|| Type::Object { fields: BTreeMap::new(), open: false });
        for step in steps {
            let Type::Object { fields, .. } = at else { return };
            at = fields
                .entry(step.into())
                .or_insert_with(|| Type::Object { fields: BTreeMap::new(), open: false });
        }
        let is_fresh = matches!(at, Type::Object { fields, open: false } if fields.is_empty());
        let was = std::mem::replace(at, Type::Dyn);
        *at = match (is_fresh, ty) {
            (true, ty) => ty,
            (false, Type::Dyn) => was,
            (false, ty) => was.join(ty),
        };
    }

    /// The type of `name`, if it is in scope.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.names.get(name)
    }

    /// Names in scope, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}
