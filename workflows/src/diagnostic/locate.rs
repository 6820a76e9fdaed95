//! Gives each diagnostic its line and column in the uploaded file, and finds what a parsed document hides: a key that
//! one object has twice.
//!
//! **Invariant:** the cost is one walk over the file for all diagnostics together.

use super::{
    Diagnostic,
    position::places,
    scan::{Spot, Visitor, characters, scan},
};
use std::{collections::HashMap, ops::Range};

/// Problems of a key and not of what stands behind it.
const ABOUT_KEYS: &[&str] = &["unknown-field", "duplicate-key", "scenario-field", "id-characters"];
/// Repeated keys told of in one upload.
const TWICE_MAX: usize = 100;

/// Sets [`Diagnostic::place`] of every diagnostic that has none, from its pointer and its position within the text there;
/// what is not in the file is placed at the nearest thing around it. A position in a text that the file does not hold
/// (one the compiler made) is removed. Of bytes that are not JSON nothing can be placed, and nothing is.
pub fn locate(bytes: &[u8], diagnostics: &mut [Diagnostic]) {
    let Some(text) = text(bytes) else { return };
    let wanted = diagnostics.iter().filter(|diagnostic| diagnostic.place.is_none());
    let mut spots = Spots::default();
    wanted.for_each(|diagnostic| spots.want(&diagnostic.pointer));
    if spots.found.is_empty() {
        return;
    }
    scan(text, &mut spots);
    let open = diagnostics.iter_mut().filter(|diagnostic| diagnostic.place.is_none());
    let mut located: Vec<(&mut Diagnostic, Range<usize>)> =
        open.filter_map(|diagnostic| spots.span(text, diagnostic)).collect();
    let spans: Vec<Range<usize>> = located.iter().map(|(_, span)| span.clone()).collect();
    for ((diagnostic, _), place) in located.iter_mut().zip(places(text, &spans)) {
        diagnostic.place = Some(place);
    }
}

/// The file as text, without the mark some editors put in front.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Where the values of some pointers stand.
#[derive(Default)]
struct Spots {
    found: HashMap<String, Option<Spot>>,
}

impl Visitor for Spots {
    fn value(&mut self, pointer: &str, spot: &Spot) {
        if let Some(found) = self.found.get_mut(pointer) {
            *found = Some(spot.clone());
        }
    }
}

impl Spots {
    /// Asks for a pointer and everything around it.
    fn want(&mut self, pointer: &str) {
        let mut end = pointer.len();
        while !self.found.contains_key(&pointer[..end]) {
            self.found.insert(pointer[..end].to_owned(), None);
            let Some(slash) = pointer[..end].rfind('/') else { break };
            end = slash;
        }
    }

    fn get(&self, pointer: &str) -> Option<&Spot> {
        self.found.get(pointer)?.as_ref()
    }

    /// What a diagnostic is about, in bytes of the file.
    fn span<'d>(
        &self,
        text: &str,
        diagnostic: &'d mut Diagnostic,
    ) -> Option<(&'d mut Diagnostic, Range<usize>)> {
        let exact = self.get(&diagnostic.pointer).cloned();
        let within = exact.as_ref().zip(diagnostic.position).and_then(|(spot, position)| {
            let inner = characters(&text[spot.value.clone()], position.start..position.end)?;
            Some(spot.value.start + inner.start..spot.value.start + inner.end)
        });
        if within.is_none() {
            diagnostic.position = None;
        }
        let span = match (within, exact) {
            (Some(within), _) => within,
            (None, Some(Spot { key: Some(key), .. })) if ABOUT_KEYS.contains(&diagnostic.code) => {
                key
            }
            (None, Some(spot)) => spot.value,
            (None, None) => self.around(&diagnostic.pointer)?.value.clone(),
        };
        Some((diagnostic, span))
    }

    /// The nearest thing around a place that does not exist.
    fn around(&self, pointer: &str) -> Option<&Spot> {
        let mut ends = pointer.match_indices('/').map(|(slash, _)| slash).rev();
        ends.find_map(|end| self.get(&pointer[..end])).or_else(|| self.get(""))
    }
}

/// Tells every key that one object has twice: JSON keeps the last and forgets the others without a word. Where both
/// values are the same nothing is lost, and it is a warning.
pub(crate) fn duplicate_keys(bytes: &[u8]) -> Vec<Diagnostic> {
    let Some(text) = text(bytes) else { return Vec::new() };
    let mut twice = Twice { text, found: Vec::new() };
    scan(text, &mut twice);
    let keys = twice.found.iter().flat_map(|found| [found.first.clone(), found.second.clone()]);
    let places = places(text, &keys.collect::<Vec<_>>());
    let told = twice.found.into_iter().zip(places.chunks_exact(2));
    told.map(|(found, places)| {
        let (first, second) = (places[0], places[1]);
        let name = found.pointer.rsplit('/').next().unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        let message = format!(
            "the key `{name}` is given twice in one object, at line {}, column {} and at line {}, column {}, and only the last one counts",
            first.line, first.column, second.line, second.column
        );
        let diagnostic = match found.is_same {
            true => Diagnostic::warning("duplicate-key", found.pointer, message),
            false => Diagnostic::error("duplicate-key", found.pointer, message),
        };
        let mut diagnostic = diagnostic.help("Keep the one that is meant, and remove the other.");
        diagnostic.place = Some(second);
        diagnostic
    })
    .collect()
}

struct Twice<'a> {
    text: &'a str,
    found: Vec<Repeated>,
}

/// Both keys of one name.
struct Repeated {
    pointer: String,
    first: Range<usize>,
    second: Range<usize>,
    /// Whether the values are written the same.
    is_same: bool,
}

impl Visitor for Twice<'_> {
    fn value(&mut self, _pointer: &str, _spot: &Spot) {}

    fn twice(&mut self, pointer: &str, first: &Spot, second: &Spot) {
        if let (Some(a), Some(b)) = (&first.key, &second.key)
            && self.found.len() < TWICE_MAX
        {
            let written = |spot: &Spot| self.text.get(spot.value.clone());
            self.found.push(Repeated {
                pointer: pointer.to_owned(),
                first: a.clone(),
                second: b.clone(),
                is_same: written(first) == written(second),
            });
        }
    }
}
