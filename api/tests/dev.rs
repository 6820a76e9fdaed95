//! `perdure dev` as a person starts it: the demo books an appointment, and a start after a `kill
//! -9` finds everything.
//!
//! Needs the binaries of Postgres, and says so where there are none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn perdure(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_perdure"));
    program.args(arguments).current_dir(folder).env_clear();
    program.env("PATH", env::var_os("PATH").unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

/// Starts it with the demo, and waits until that is over.
fn start(folder: &Path) -> Child {
    let mut dev = perdure(folder, &["dev", "--demo"]).spawn().unwrap();
    for line in BufReader::new(dev.stdout.take().unwrap()).lines() {
        if line.unwrap().contains("Ctrl-C stops it") {
            return dev;
        }
    }
    panic!("{}", text(&dev.wait_with_output().unwrap()));
}

fn text(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

fn say(folder: &Path, arguments: &[&str]) -> String {
    let output = perdure(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What stays the same from start to start.
fn kept(folder: &Path) -> Vec<String> {
    let environment = fs::read_to_string(folder.join(".perdure/dev.env")).unwrap();
    let changes = |line: &&str| line.contains("_URL=");
    environment.lines().filter(|line| !changes(line)).map(str::to_owned).collect()
}

/// What a simulated customer did is a scenario that passes, and does not tell who it was.
fn is_a_scenario(folder: &Path, id: &str) {
    let booking = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/definitions/booking.json");
    fs::copy(booking, folder.join("booking.json")).unwrap();
    let recorded = perdure(folder, &["history", id, "--as-scenario"]).output().unwrap();
    let (scenario, notes) = (String::from_utf8(recorded.stdout).unwrap(), recorded.stderr);
    assert!(recorded.status.success() && notes.is_empty(), "{}", String::from_utf8_lossy(&notes));
    fs::write(folder.join("booking.tests.json"), format!("[{scenario}]")).unwrap();
    say(folder, &["test", "booking.json"]);
    for known in ["Souza", "souza@"] {
        assert!(!scenario.contains(known), "{scenario}");
    }
}

#[test]
fn a_killed_dev_starts_again_where_it_was() {
    let folder = Folder(env::temp_dir().join(format!("perdure-dev-{}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    let folder = &folder.0;
    let first = perdure(folder, &["dev", "--exit"]).output().unwrap();
    if text(&first).contains("no Postgres") {
        eprintln!("skipped: {}", text(&first));
        return;
    }
    assert!(first.status.success(), "{}", text(&first));
    let before = kept(folder);

    let mut dev = start(folder);
    let booked = say(folder, &["instances", "--definition", "booking"]);
    dev.kill().unwrap();
    dev.wait().unwrap();

    let mut dev = start(folder);
    assert_eq!(kept(folder), before);
    let listed = say(folder, &["instances", "--format", "json"]);
    let ids = |table: &str| -> Vec<String> {
        table
            .lines()
            .skip(1)
            .filter_map(|row| row.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    };
    let found = ids(&booked);
    assert_eq!(found.len(), 1, "{booked}");
    assert!(listed.contains(&found[0]), "{listed}");
    // What history says is what is stored, also across the kill.
    for id in ids(&say(folder, &["instances"])) {
        say(folder, &["replay", &id]);
    }
    is_a_scenario(folder, &found[0]);
    let waits = r#"{"initial": "a", "states": {"a": {"on": {"GO": "b"}}, "b": {"type": "final"}}}"#;
    fs::write(folder.join("waits.json"), waits).unwrap();
    say(folder, &["upload", "waits.json"]);
    let started = perdure(folder, &["start", "waits", "--format", "json"]).output().unwrap();
    let started: serde_json::Value = serde_json::from_slice(&started.stdout).unwrap();
    let ended = say(folder, &["cancel", started["id"].as_str().unwrap(), "--compensate"]);
    assert!(ended.contains("cancelled"), "{ended}");
    // The way a service manager stops it.
    let id = dev.id().to_string();
    assert!(
        Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().unwrap().success()
    );
    assert!(dev.wait().unwrap().success());
}
