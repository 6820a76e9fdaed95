//! What verbs read from files and arguments.

use crate::failure::Failure;
use serde_json::Value;
use std::{fs, io::Read, path::Path};

/// Most bytes of one file; a definition may have 2 MiB.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a file; `-` is standard input. The error is a sentence without the file's name.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_end(&mut bytes),
        false => {
            fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        }
    };
    // Editors on Windows put a mark in front of a text that JSON does not allow.
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    read.map(|_| bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    })
}

/// What a file says, to show lines of it; empty if it cannot be read again, as standard input cannot.
pub(crate) fn text(path: &Path) -> String {
    let bytes = if path.as_os_str() == "-" { Ok(Vec::new()) } else { read(path) };
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// A file of JSON, named in the error.
pub(crate) fn read_json(path: &Path) -> Result<Value, Failure> {
    let name = path.display();
    let bytes =
        read(path).map_err(|why| Failure::usage(format!("{name} cannot be read: {why}")))?;
    serde_json::from_slice(&bytes)
        .map_err(|why| Failure::usage(format!("{name} is not JSON: {why}")))
}

/// An argument that is JSON, or `@file`. A bare word that is not JSON is refused, not taken for a
/// text.
pub(crate) fn json_argument(name: &str, text: &str) -> Result<Value, Failure> {
    if let Some(path) = text.strip_prefix('@') {
        return read_json(Path::new(path));
    }
    serde_json::from_str(text).map_err(|why| {
        Failure::usage(format!("{name} is not JSON: {why}"))
            .help(format!("for example {name} '{{\"field\": \"text\"}}', or {name} @file.json"))
    })
}

/// A number of things of which there is at least one.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number >= 1);
    number.ok_or_else(|| "a whole number from 1".to_owned())
}

/// The name a bare graph or machine gets: its file's, in the characters a name may have.
pub(crate) fn name_hint(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let stem = stem.strip_suffix(".flow").unwrap_or(stem);
    let plain = |char: char| match char.to_ascii_lowercase() {
        char if char.is_ascii_alphanumeric() || char == '-' => char,
        _ => '_',
    };
    let name: String = stem.chars().map(plain).collect();
    let name = name.trim_start_matches(['_', '-']).to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (file, wanted) in [
            ("booking.json", Some("booking")),
            ("dir/My Flow.v2.json", Some("my_flow_v2")),
            ("_draft.json", Some("draft")),
            ("-", None),
            ("日本.json", None),
        ] {
            assert_eq!(name_hint(Path::new(file)).as_deref(), wanted, "{file}");
        }
    }
}
