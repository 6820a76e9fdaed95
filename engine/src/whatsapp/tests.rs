//! Cases from `testdata/whatsapp`: each file is `{"envelope", "inbound"}`. `UPDATE_EXPECT=1` writes what was found.

use super::parse;
use chrono::DateTime;
use serde_json::Value;
use std::{fs, path::Path};

/// The time of every case: 2026-11-20T00:00:00Z.
const NOW_S: i64 = 1_795_132_800;

#[test]
fn reads_what_whatsapp_sends() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/whatsapp");
    let mut n_cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&entry.unwrap().path());
        n_cases += 1;
    }
    assert!(n_cases > 0);
}

fn check(file: &Path) {
    let mut case: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let now = DateTime::from_timestamp_secs(NOW_S).unwrap();
    let found = serde_json::to_value(parse(&case["envelope"], now)).unwrap();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        case["inbound"] = found;
        fs::write(file, format!("{}\n", serde_json::to_string_pretty(&case).unwrap())).unwrap();
    } else {
        assert_eq!(found, case["inbound"], "{}", file.display());
    }
}

#[test]
fn never_fails() {
    let values = [
        r#"null"#,
        r#"[]"#,
        r#"{"entry": 7}"#,
        r#"{"entry": [null, {"changes": {}}, {"changes": [{"value": []}]}]}"#,
        r#"{"entry": [{"changes": [{"value": {"messages": [null, 1, {"id": 1}, {"from": "1"}]}}]}]}"#,
        r#"{"entry": [{"changes": [{"value": {"statuses": [null, {"id": "a"}, {"status": "sent"}]}}]}]}"#,
        r#"{"entry": [{"changes": [{"field": "account_update", "value": {"event": "X"}}]}]}"#,
    ];
    let now = DateTime::from_timestamp_secs(NOW_S).unwrap();
    for value in values {
        assert_eq!(parse(&serde_json::from_str(value).unwrap(), now), [], "{value}");
    }
}
