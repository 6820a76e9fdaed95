//! XState, in a node process of its own: a case goes in as a line, an answer comes back as a line.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The process. It ends with this.
pub(crate) struct XState {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What XState did.
pub(crate) enum Answer {
    /// It ran; one line for the start and one per entry.
    Ran {
        /// As it is.
        lines: Vec<Value>,
        /// With the known differences taken out that were met, and their names.
        repaired: Option<(Vec<Value>, Vec<String>)>,
    },
    /// It did not take the machine.
    Refused(String),
}

impl XState {
    /// Starts it. Panics with the cure when node or XState is not there: a run without them would prove nothing.
    pub(crate) fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
        let cure = "run `script/test`, which installs both, or install Node.js 18 or later and run \
                    `npm ci --prefix tests/conformance`";
        assert!(
            folder.join("node_modules/xstate/package.json").exists(),
            "XState is not installed, and nothing else can be compared with: {cure}"
        );
        let spawned = Command::new("node")
            .arg("xstate.mjs")
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child =
            spawned.unwrap_or_else(|error| panic!("`node` does not start ({error}): {cure}"));
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// Plays a script on a machine, both as JSON text.
    pub(crate) fn play(&mut self, machine: &str, script: &[Value]) -> Answer {
        self.ask(machine, script);
        self.answer()
    }

    /// Has it play, without waiting; [`XState::answer`] must follow.
    pub(crate) fn ask(&mut self, machine: &str, script: &[Value]) {
        let script = Value::from(script.to_vec());
        // A question is a line; a new line between two parts of a machine means nothing.
        let machine = machine.replace('\n', " ");
        writeln!(self.input, r#"{{"machine":{machine},"script":{script}}}"#).unwrap();
    }

    /// What it did with the last question.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut text = String::new();
        self.output.read_line(&mut text).unwrap();
        assert!(!text.is_empty(), "XState has ended in the middle of a question");
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        if let Some(why) = answer["refused"].as_str() {
            return Answer::Refused(why.to_owned());
        }
        let mut repaired = answer["repaired"].take();
        let by = serde_json::from_value(repaired["by"].take()).unwrap_or_default();
        let repaired = repaired["lines"].is_array().then(|| (lines(&mut repaired), by));
        Answer::Ran { lines: lines(&mut answer), repaired }
    }
}

fn lines(answer: &mut Value) -> Vec<Value> {
    match answer["lines"].take() {
        Value::Array(lines) => lines,
        _ => Vec::new(),
    }
}

impl Drop for XState {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
