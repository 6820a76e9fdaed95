//! JSON texts that repeat within a batch, sent and parsed once.
//!
//! Parsing was a third of Postgres' part of a turn (version 15, `perf record`), and the turns of a batch have most of their JSON in
//! common: the states they come from and go to, what the executor tells of a step, the steps they open.

use super::json_text::JsonText;
use crate::hash::FastMap;

/// Texts that a batch shares of one table. Few, because Postgres counts its way through the array; what comes later stands in its row.
const SHARED_MAX: usize = 64;
/// Longest text that is looked for, in bytes: longer ones are what people and providers said, and differ.
const SHARED_BYTES_MAX: usize = 1_024;

/// The shared texts of a batch.
#[derive(Default)]
pub(crate) struct SharedTexts<'a> {
    numbers: FastMap<JsonText<'a>, i16>,
    texts: Vec<JsonText<'a>>,
    is_alone: bool,
}

/// Where a text stands: in its own row, or, by number from 1, among the shared ones; in neither if it is null.
pub(crate) type Place<'a> = (Option<JsonText<'a>>, Option<i16>);

impl<'a> SharedTexts<'a> {
    /// For so many rows. One alone has nothing to share.
    pub(crate) fn of_rows(rows: usize) -> Self {
        Self { is_alone: rows < 2, ..Self::default() }
    }

    /// The place of a text.
    pub(crate) fn place(&mut self, text: JsonText<'a>) -> Place<'a> {
        if self.is_alone || text.0.len() > SHARED_BYTES_MAX {
            return (Some(text), None);
        }
        if let Some(number) = self.numbers.get(&text) {
            return (None, Some(*number));
        }
        if self.texts.len() == SHARED_MAX {
            return (Some(text), None);
        }
        self.texts.push(text);
        let number = i16::try_from(self.texts.len()).ok();
        self.numbers.extend(number.map(|number| (text, number)));
        (None, number)
    }

    /// The place of a text that may be null.
    pub(crate) fn place_some(&mut self, text: Option<JsonText<'a>>) -> Place<'a> {
        text.map_or((None, None), |text| self.place(text))
    }

    /// The texts, in the order of their numbers.
    pub(crate) fn into_texts(self) -> Vec<JsonText<'a>> {
        self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_sent_once() {
        let long = format!("{:?}", "x".repeat(SHARED_BYTES_MAX));
        let texts = ["[1]", "[2]", "[1]", &long].map(|text| JsonText(text.as_bytes()));
        let mut shared = SharedTexts::of_rows(texts.len());
        let places = texts.map(|text| {
            let (own, number) = shared.place(text);
            (own.is_some(), number)
        });
        assert_eq!(places, [(false, Some(1)), (false, Some(2)), (false, Some(1)), (true, None)]);
        assert_eq!(shared.into_texts(), texts[..2]);
    }

    #[test]
    fn what_finds_no_room_stands_in_its_row() {
        let texts: Vec<_> = (0..=SHARED_MAX).map(|n| n.to_string()).collect();
        let texts: Vec<_> = texts.iter().map(|text| JsonText(text.as_bytes())).collect();
        let mut shared = SharedTexts::of_rows(texts.len());
        let own = texts.iter().filter(|text| shared.place(**text).0.is_some()).count();
        assert_eq!((own, shared.into_texts().len()), (1, SHARED_MAX));
        let mut alone = SharedTexts::of_rows(1);
        assert!(alone.place(texts[0]).0.is_some(), "one row has nothing to share");
    }
}
