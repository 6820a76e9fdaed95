//! The command line as a person and a program meet it: real output and exit codes of the verbs that
//! need no server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use expect_test::{Expect, expect};
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

const GOOD: &str = r#"{"id": "door", "initial": "closed", "context": {"opened": 0}, "@exprLang": "cel",
 "states": {
  "closed": {"on": {"OPEN": {"target": "open", "actions": [{"type": "@xstate.assign", "context": {"opened": {"@expr": "context.opened + 1"}}}]}}},
  "open": {"after": {"PT1M": "closed"}, "on": {"BREAK": "broken"}},
  "broken": {"type": "final"}}}"#;
const BAD: &str = r#"{"id": "door", "initial": "closed", "states": {
  "closed": {"on": {"OPEN": "opne"}}, "open": {"type": "final"}}}"#;
const EVENTS: &str = r#"[{"event": {"type": "OPEN"}}, {"after": "PT30S", "event": {"type": "KNOCK"}},
  {"after": 30000}, {"event": {"type": "OPEN"}}, {"event": {"type": "BREAK"}}]"#;

/// A folder with files in it, in which the program runs.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let name = format!("perdure-cli-{}-{:?}", std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    /// `$ perdure <arguments>`, what it said, and how it ended.
    fn run(&self, arguments: &str, input: &str) -> String {
        let mut program = Command::new(env!("CARGO_BIN_EXE_perdure"));
        program.args(arguments.split_whitespace()).current_dir(&self.0).env_clear();
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (said, complained) = (text(output.stdout), text(output.stderr));
        let complained: String = complained.lines().map(|line| format!("! {line}\n")).collect();
        format!("{said}{complained}= {}\n", output.status.code().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn check(arguments: &str, wanted: &Expect) {
    check_with("", arguments, wanted);
}

fn check_with(input: &str, arguments: &str, wanted: &Expect) {
    let files = [
        ("good.json", GOOD),
        ("bad.json", BAD),
        ("events.json", EVENTS),
        ("text.json", "{ not json"),
    ];
    wanted.assert_eq(&Folder::with(&files).run(arguments, input));
}

#[test]
fn check_says_what_an_upload_would_say() {
    check(
        "check good.json",
        &expect![[r#"
        good.json: can be published
        = 0
    "#]],
    );
    check(
        "check good.json bad.json text.json missing.json",
        &expect![[r#"
            good.json: can be published
            error[unknown-target]: `opne` is not a state that can be reached from here
              at: bad.json:2:29 /states/closed/on/OPEN (node `closed`)
              2 | "closed": {"on": {"OPEN": "opne"}}, "open": {"type": "final"}}}
                |                           ^^^^^^
              help: did you mean `open`?

            bad.json: cannot be published (1 error, 0 warnings)
            error[json-syntax]: this is not JSON: key must be a string (line 1, column 3)
              at: text.json:1:3
              1 | { not json
                |   ^
              help: Keys stand in double quotes.

            text.json: cannot be published (1 error, 0 warnings)
            error[unreadable]: the file cannot be read: there is no such file
              at: missing.json

            missing.json: cannot be published (1 error, 0 warnings)
            = 1
        "#]],
    );
    check(
        "check bad.json missing.json --format json",
        &expect![[r#"
            {"files":[{"file":"bad.json","ok":false,"diagnostics":[{"severity":"error","code":"unknown-target","node":"closed","pointer":"/states/closed/on/OPEN","message":"`opne` is not a state that can be reached from here","help":"did you mean `open`?","place":{"line":2,"column":29,"end_line":2,"end_column":35}}]},{"file":"missing.json","ok":false,"diagnostics":[{"severity":"error","code":"unreadable","node":null,"pointer":"","message":"the file cannot be read: there is no such file","help":null}]}]}
            = 1
        "#]],
    );
    check_with(
        GOOD,
        "check -",
        &expect![[r#"
        -: can be published
        = 0
    "#]],
    );
    check(
        "check",
        &expect![[r#"
        ! error: the following required arguments were not provided:
        !   <FILE>...
        ! 
        ! Usage: perdure check <FILE>...
        ! 
        ! For more information, try '--help'.
        = 2
    "#]],
    );
}

#[test]
fn compile_prints_the_statechart() {
    check(
        "compile good.json",
        &expect![[r#"
        {
          "id": "door",
          "initial": "closed",
          "context": {
            "opened": 0
          },
          "@exprLang": "cel",
          "states": {
            "closed": {
              "on": {
                "OPEN": {
                  "target": "open",
                  "actions": [
                    {
                      "type": "@xstate.assign",
                      "context": {
                        "opened": {
                          "@expr": "context.opened + 1"
                        }
                      }
                    }
                  ]
                }
              }
            },
            "open": {
              "after": {
                "PT1M": "closed"
              },
              "on": {
                "BREAK": "broken"
              }
            },
            "broken": {
              "type": "final"
            }
          }
        }
        = 0
    "#]],
    );
    check(
        "compile text.json",
        &expect![[r#"
            ! error[json-syntax]: this is not JSON: key must be a string (line 1, column 3)
            !   at: text.json:1:3
            !   1 | { not json
            !     |   ^
            !   help: Keys stand in double quotes.
            ! 
            = 1
        "#]],
    );
    check(
        "compile missing.json",
        &expect![[r#"
        ! error[unreadable]: the file cannot be read: there is no such file
        !   at: missing.json
        ! 
        = 1
    "#]],
    );
}

#[test]
fn simulate_plays_events_under_a_virtual_clock() {
    check(
        "simulate good.json --events events.json --format json",
        &expect![[r#"
        {"at":"2026-01-01T00:00:00.000Z","commands":[],"configuration":["closed"],"context":{"opened":0},"index":0,"output":null,"status":"active","unhandled":false,"value":"closed"}
        {"at":"2026-01-01T00:00:00.000Z","commands":[{"due":"2026-01-01T00:01:00Z","id":"2.0","name":"xstate.after.PT1M.door.open","type":"set_timer"}],"configuration":["open"],"context":{"opened":1},"index":1,"output":null,"status":"active","unhandled":false,"value":"open"}
        {"at":"2026-01-01T00:00:30.000Z","commands":[],"configuration":["open"],"context":{"opened":1},"index":2,"output":null,"status":"active","unhandled":true,"value":"open"}
        {"at":"2026-01-01T00:01:00.000Z","commands":[],"configuration":["closed"],"context":{"opened":1},"index":3,"output":null,"status":"active","unhandled":false,"value":"closed"}
        {"at":"2026-01-01T00:01:00.000Z","commands":[{"due":"2026-01-01T00:02:00Z","id":"5.0","name":"xstate.after.PT1M.door.open","type":"set_timer"}],"configuration":["open"],"context":{"opened":2},"index":4,"output":null,"status":"active","unhandled":false,"value":"open"}
        {"at":"2026-01-01T00:01:00.000Z","commands":[{"name":"xstate.after.PT1M.door.open","timer":"5.0","type":"cancel_timer"},{"output":null,"type":"complete"}],"configuration":["broken"],"context":{"opened":2},"index":5,"output":null,"status":"done","unhandled":false,"value":"broken"}
        = 0
    "#]],
    );
    check(
        "simulate good.json --events events.json",
        &expect![[r#"
        0  2026-01-01T00:00:00.000Z  started  → closed
        1  2026-01-01T00:00:00.000Z  OPEN  → open
               {"due":"2026-01-01T00:01:00Z","id":"2.0","name":"xstate.after.PT1M.door.open","type":"set_timer"}
        2  2026-01-01T00:00:30.000Z  KNOCK  → open  (no transition was enabled)
        3  2026-01-01T00:01:00.000Z  time passes  → closed
        4  2026-01-01T00:01:00.000Z  OPEN  → open
               {"due":"2026-01-01T00:02:00Z","id":"5.0","name":"xstate.after.PT1M.door.open","type":"set_timer"}
        5  2026-01-01T00:01:00.000Z  BREAK  → broken  done 
               {"name":"xstate.after.PT1M.door.open","timer":"5.0","type":"cancel_timer"}
               {"output":null,"type":"complete"}
        = 0
    "#]],
    );
    check_with(
        EVENTS,
        "simulate good.json --events - --start 2030-05-01T12:00:00+02:00 --format json",
        &expect![[r#"
        {"at":"2030-05-01T10:00:00.000Z","commands":[],"configuration":["closed"],"context":{"opened":0},"index":0,"output":null,"status":"active","unhandled":false,"value":"closed"}
        {"at":"2030-05-01T10:00:00.000Z","commands":[{"due":"2030-05-01T10:01:00Z","id":"2.0","name":"xstate.after.PT1M.door.open","type":"set_timer"}],"configuration":["open"],"context":{"opened":1},"index":1,"output":null,"status":"active","unhandled":false,"value":"open"}
        {"at":"2030-05-01T10:00:30.000Z","commands":[],"configuration":["open"],"context":{"opened":1},"index":2,"output":null,"status":"active","unhandled":true,"value":"open"}
        {"at":"2030-05-01T10:01:00.000Z","commands":[],"configuration":["closed"],"context":{"opened":1},"index":3,"output":null,"status":"active","unhandled":false,"value":"closed"}
        {"at":"2030-05-01T10:01:00.000Z","commands":[{"due":"2030-05-01T10:02:00Z","id":"5.0","name":"xstate.after.PT1M.door.open","type":"set_timer"}],"configuration":["open"],"context":{"opened":2},"index":4,"output":null,"status":"active","unhandled":false,"value":"open"}
        {"at":"2030-05-01T10:01:00.000Z","commands":[{"name":"xstate.after.PT1M.door.open","timer":"5.0","type":"cancel_timer"},{"output":null,"type":"complete"}],"configuration":["broken"],"context":{"opened":2},"index":5,"output":null,"status":"done","unhandled":false,"value":"broken"}
        = 0
    "#]],
    );
    check(
        "simulate bad.json",
        &expect![[r#"
            ! error[unknown-target]: `opne` is not a state that can be reached from here
            !   at: bad.json:2:29 /states/closed/on/OPEN (node `closed`)
            !   2 | "closed": {"on": {"OPEN": "opne"}}, "open": {"type": "final"}}}
            !     |                           ^^^^^^
            !   help: did you mean `open`?
            ! 
            = 1
        "#]],
    );
}

#[test]
fn simulate_refuses_what_it_cannot_play() {
    check(
        "simulate good.json --events text.json",
        &expect![[r#"
        ! error: text.json is not JSON: key must be a string at line 1 column 3
        = 2
    "#]],
    );
    check(
        "simulate good.json --events good.json",
        &expect![[r#"
        ! error: good.json is not an array of events
        !   help: for example [{"after": "PT10M", "event": {"type": "message", "text": "hi"}}]
        = 2
    "#]],
    );
    check_with(
        r#"[{"event": "OPEN"}]"#,
        "simulate good.json --events -",
        &expect![[r#"
        ! error: -: entry 1 is not {"after", "event"}
        !   help: an event is an object with a "type"
        = 2
    "#]],
    );
    check(
        "simulate good.json --start yesterday",
        &expect![[r#"
        ! error: invalid value 'yesterday' for '--start <TIME>': input contains invalid characters
        ! 
        ! For more information, try '--help'.
        = 2
    "#]],
    );
    check_with(
        r#"[{"after": "soon"}]"#,
        "simulate good.json --events -",
        &expect![[r#"
        0  2026-01-01T00:00:00.000Z  started  → closed
        ! error: entry 1: `after` is milliseconds or a duration like PT10M
        = 1
    "#]],
    );
}

#[test]
fn mistakes_are_sentences() {
    check(
        "kinds sned.text",
        &expect![[r#"
        ! error: there is no kind `sned.text`
        !   help: did you mean `send.text`?
        = 2
    "#]],
    );
    check(
        "show 42",
        &expect![[r#"
        ! error: which server? there is no --url, no PERDURE_URL and no .perdure/dev.env
        !   help: start one with `perdure dev`, or name one with --url http://127.0.0.1:7070
        = 2
    "#]],
    );
    check(
        "show 42 --url http://127.0.0.1:9",
        &expect![[r#"
        ! error: http://127.0.0.1:9/ cannot be reached
        !   help: is it running? `perdure dev` starts one
        = 3
    "#]],
    );
    check(
        "show 42 --url nonsense",
        &expect![[r#"
        ! error: `nonsense` is not an address
        !   help: for example http://127.0.0.1:7070
        = 2
    "#]],
    );
    check(
        "start door --url http://127.0.0.1:9 --input {",
        &expect![[r#"
        ! error: --input is not JSON: EOF while parsing an object at line 1 column 1
        !   help: for example --input '{"field": "text"}', or --input @file.json
        = 2
    "#]],
    );
}

#[test]
fn what_a_server_needs_is_named() {
    check(
        "serve",
        &expect![[r#"
        ! error: PERDURE_MASTER_KEY is not set
        !   help: PERDURE_MASTER_KEY="k1:$(head -c 32 /dev/urandom | base64)"; keep it: credentials are sealed under it
        = 2
    "#]],
    );
    check(
        "migrate",
        &expect![[r#"
        ! error: DATABASE_URL is not set
        !   help: for example DATABASE_URL=postgres://user@localhost/perdure; `perdure dev` needs none
        = 2
    "#]],
    );
    check(
        "frobnicate",
        &expect![[r#"
        ! error: unrecognized subcommand 'frobnicate'
        ! 
        ! Usage: perdure [OPTIONS] <COMMAND>
        ! 
        ! For more information, try '--help'.
        = 2
    "#]],
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::with(&[]);
    let mut program = Command::new(env!("CARGO_BIN_EXE_perdure"));
    program.arg("kinds").current_dir(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
}

/// What n8n exports of a workflow with one node that has no counterpart.
const N8N: &str = r#"{"name": "Ping", "nodes": [
  {"id": "1", "name": "Start", "type": "n8n-nodes-base.manualTrigger", "position": [0, 0], "parameters": {}},
  {"id": "2", "name": "Code", "type": "n8n-nodes-base.code", "position": [200, 0], "parameters": {"jsCode": "return 1"}}],
 "connections": {"Start": {"main": [[{"node": "Code", "type": "main", "index": 0}]]}}}"#;

#[test]
fn import_makes_a_definition_file_and_says_what_needs_rewriting() {
    let folder = Folder::with(&[("ping.json", N8N), ("good.json", GOOD)]);
    expect![[r#"
        ! warning[needs-rewriting]: n8n runs a node once for every item it gets; here each node runs once, with one item
        !   at: ping.json:1:27 /nodes
        !   1 | {"name": "Ping", "nodes": [
        !     |                           ^
        !   help: Where there can be several items, use a `map` node that calls a workflow for each of them.
        ! 
        ! error[needs-rewriting]: `code` is a node of n8n, and there is no such node here
        !   at: ping.json:3:3 /nodes/1 (node `code`)
        !   3 | {"id": "2", "name": "Code", "type": "n8n-nodes-base.code", "position": [200, 0], "parameters": {…
        !     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        !   help: Scripts are not run here: compute with expressions in a `set` node, or let a program of yours do it behind `http.request`.
        ! 
        ! 3 nodes; to be rewritten before it can be published: 1; left out or changed: 1
        = 1
    "#]].assert_eq(&folder.run("import ping.json -o out.json", ""));
    let checked = folder.run("check out.json --format json", "");
    assert!(checked.contains("needs-rewriting") && checked.ends_with("= 1\n"), "{checked}");
    expect![[r#"
        ! error: good.json is neither a Typebot nor an n8n export
        !   help: a Typebot export has `groups` and `edges`, an n8n export `nodes` and `connections`
        = 2
    "#]]
    .assert_eq(&folder.run("import good.json", ""));
}

/// Twelve cups do not fit, three cost seven, and that is a lot.
#[test]
fn an_imported_bot_runs_as_it_was_drawn() {
    let bot = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/testdata/import/typebot/tea.json");
    let events = r#"[{"event": {"type": "message", "text": "12"}}, {"event": {"type": "message", "text": "3"}}]"#;
    let folder = Folder::with(&[
        ("events.json", events),
        ("steps.json", r#"{"send.text": {"output": {}}}"#),
    ]);
    let run = format!("simulate {bot} --events events.json --steps steps.json --format json");
    let said = folder.run(&run, "");
    let texts: Vec<&str> =
        said.split(r#""text":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let wanted = ["How many cups?", "How many cups?", "7 is a lot, *friend*"];
    assert_eq!(texts, wanted, "{said}");
}

#[test]
fn export_writes_the_form_that_is_asked_for() {
    let folder = Folder::with(&[("good.json", GOOD)]);
    let exported = folder.run("export good.json --as xstate", "");
    let text = exported.strip_suffix("= 0\n").unwrap();
    fs::write(folder.0.join("again.json"), text).unwrap();
    assert_eq!(folder.run("compile again.json", ""), folder.run("compile good.json", ""));
    expect![[r#"
        ! error[not-drawn]: this definition was written as a statechart, so there is no drawing of it
        !   at: good.json
        !   help: Export it as `xstate` or as `file`.
        ! 
        = 1
    "#]].assert_eq(&folder.run("export good.json --as react-flow", ""));
}

#[test]
fn check_plays_the_scenarios_unless_told_not_to() {
    let door = format!(
        r#"{{"perdure": 1, "name": "door", "machine": {GOOD}, "tests": [{{"name": "opens", "script": [
            {{"start": {{}}}}, {{"send": {{"type": "OPEN"}}}}, {{"expect": {{"state": "closed"}}}}]}}]}}"#
    );
    let folder = Folder::with(&[("door.json", door.as_str())]);
    expect![[r#"
        error[scenario-failed]: the scenario `opens` fails: `state`: `closed` is not active (expected ["closed"], is ["open"])
          at: door.json:5:44 /tests/0
          5 | "broken": {"type": "final"}}}, "tests": [{"name": "opens", "script": [
            |                                          ^
          help: At /tests/0/script/2. What happened until then:
          2026-01-01T09:00:00Z  event  started  → closed
                                event  {"type":"OPEN"}  → open

        door.json: cannot be published (1 error, 0 warnings)
        = 1
    "#]].assert_eq(&folder.run("check door.json", ""));
    expect![[r#"
        door.json: can be published
        = 0
    "#]]
    .assert_eq(&folder.run("check --no-tests door.json", ""));
}
