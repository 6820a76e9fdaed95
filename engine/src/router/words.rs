//! Words that mean the same in every conversation. Only a whole message counts: "stop by at five" is no STOP.

use serde_json::{Map, Value};

/// What a whole message may mean, whatever the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// No more messages.
    Stop,
    /// Messages again. Means something only to who said STOP: for others it is what they write to begin.
    Start,
    /// End what is going on.
    Cancel,
}

const STOP: &[&str] = &[
    "stop",
    "stopp",
    "stop all",
    "stopall",
    "unsubscribe",
    "baja",
    "arrêt",
    "arret",
    "parar",
    "sair",
];
const START: &[&str] = &["start", "unstop", "subscribe", "alta", "comenzar", "começar"];
const CANCEL: &[&str] = &["cancel", "cancelar"];

/// The word that a message is. A tapped button is an answer, never a word.
pub(super) fn word(body: &Map<String, Value>) -> Option<Word> {
    if body.get("messageType").and_then(Value::as_str) != Some("text") {
        return None;
    }
    let text = body.get("text").and_then(Value::as_str)?.to_lowercase();
    let is_around = |c: char| !c.is_alphanumeric();
    let text = text.trim_matches(is_around).split_whitespace().collect::<Vec<_>>().join(" ");
    let lists = [(STOP, Word::Stop), (START, Word::Start), (CANCEL, Word::Cancel)];
    lists.into_iter().find(|(list, _)| list.contains(&text.as_str())).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_messages_only() {
        let cases = [
            ("text", "STOP", Some(Word::Stop)),
            ("text", " stop. ", Some(Word::Stop)),
            ("text", "Stopp!", Some(Word::Stop)),
            ("text", "Stop  all", Some(Word::Stop)),
            ("text", "ARRÊT", Some(Word::Stop)),
            ("text", "Unsubscribe", Some(Word::Stop)),
            ("text", "baja", Some(Word::Stop)),
            ("text", "Start", Some(Word::Start)),
            ("text", "ALTA", Some(Word::Start)),
            ("text", "cancel", Some(Word::Cancel)),
            ("text", "stop by at five", None),
            ("text", "STOP 12345", None),
            ("text", "nonstop", None),
            ("text", "", None),
            ("text", "help", None),
            ("interactive", "Stop", None),
            ("button", "Cancel", None),
        ];
        for (kind, text, wanted) in cases {
            let body = json!({ "messageType": kind, "text": text });
            assert_eq!(word(body.as_object().unwrap()), wanted, "{kind} {text}");
        }
    }
}
