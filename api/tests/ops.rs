//! The ops verbs as a person meets them: a workflow is uploaded, gets stuck, is looked into, repaired and ended, all on the
//! command line and against `perdure dev`; what is said, and how each program ends.
//!
//! Needs the binaries of Postgres, and says so where there are none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use expect_test::{Expect, expect};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// `{sim}` is the simulator, which has nothing at this path.
const ORDER: &str = r#"{"perdure": 1, "name": "order", "machine": {
 "initial": "open", "context": {"n": 0},
 "states": {
  "open": {"on": {
    "ADD": {"actions": [{"type": "@xstate.assign", "context": {"n": {"@expr": "context.n + 1"}}}]},
    "PAY": {"target": "paying", "guard": {"@expr": "context.n > 1"}}}},
  "paying": {"invoke": {"id": "pay", "src": "http.request",
    "input": {"method": "GET", "url": "{sim}/nothing"}, "onDone": "paid"}},
  "paid": {"on": {"SHIP": "shipped"}, "after": {"P30D": "lost"}},
  "shipped": {"type": "final"}, "lost": {"type": "final"}}}}"#;
const BAD: &str = r#"{"initial": "opn", "states": {"open": {"on": {"GO": "shiped"}}, "shipped": {"type": "final"}}}"#;

/// How long something may take that happens by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `perdure dev` in a folder of its own; both go with this.
struct Server {
    folder: PathBuf,
    dev: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.dev.id().to_string();
        // In good order, so that its Postgres goes too.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status();
        let _ = self.dev.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_perdure"));
    program.args(arguments).current_dir(folder).env_clear();
    program.env("PATH", env::var_os("PATH").unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

impl Server {
    /// `None` where there is no Postgres.
    fn start() -> Option<Self> {
        let folder = env::temp_dir().join(format!("perdure-ops-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut dev = program(&folder, &["dev"]).spawn().unwrap();
        let lines = BufReader::new(dev.stdout.take().unwrap()).lines();
        let is_up = lines.map_while(Result::ok).any(|line| line.contains("Ctrl-C stops it"));
        let server = Self { folder, dev };
        if is_up {
            return Some(server);
        }
        let first = program(&server.folder, &["dev", "--exit"]).output().unwrap();
        let complaint = String::from_utf8_lossy(&first.stderr).into_owned();
        assert!(complaint.contains("no Postgres"), "{complaint}");
        eprintln!("skipped: {complaint}");
        None
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    fn simulator(&self) -> String {
        let settings = fs::read_to_string(self.folder.join(".perdure/dev.env")).unwrap();
        let mut found = settings.lines().filter_map(|l| l.strip_prefix("PERDURE_SIMULATOR_URL="));
        found.next().unwrap().to_owned()
    }

    /// What the program said, and how it ended; what differs from run to run is taken out.
    fn run(&self, arguments: &str) -> String {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = program(&self.folder, &arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let complained: String =
            text(&output.stderr).lines().map(|line| format!("! {line}\n")).collect();
        let code = output.status.code().unwrap();
        redact(&format!("{}{complained}= {code}\n", text(&output.stdout)))
    }

    fn json(&self, arguments: &str) -> Value {
        let arguments: Vec<&str> = arguments.split(' ').chain(["--format", "json"]).collect();
        let output = program(&self.folder, &arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn check(&self, arguments: &str, wanted: &Expect) {
        wanted.assert_eq(&self.run(arguments));
    }

    /// Waits until the instance has this status, after at least so many turns.
    fn until(&self, id: &str, status: &str, turns: u64) {
        let begun = Instant::now();
        loop {
            let found = self.json(&format!("show {id}"));
            if found["status"] == status && found["seq"].as_u64() >= Some(turns) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "not {status}: {found}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Ids become `<id>`, moments `<time>`.
fn redact(text: &str) -> String {
    let (mut rest, mut redacted) = (text, String::new());
    while let Some(first) = rest.chars().next() {
        let (mark, len) = match (id_len(rest), time_len(rest)) {
            (Some(len), _) => ("<id>", len),
            (None, Some(len)) => ("<time>", len),
            (None, None) => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        redacted.push_str(mark);
        rest = &rest[len..];
    }
    redacted
}

fn id_len(text: &str) -> Option<usize> {
    let head = text.get(..36)?;
    let fits = |(at, char): (usize, char)| match at {
        8 | 13 | 18 | 23 => char == '-',
        _ => char.is_ascii_hexdigit(),
    };
    head.chars().enumerate().all(fits).then_some(36)
}

fn time_len(text: &str) -> Option<usize> {
    let shape = |bytes: &[u8]| -> String {
        let plain = |byte: &u8| if byte.is_ascii_digit() { '9' } else { char::from(*byte) };
        bytes.iter().map(plain).collect()
    };
    let head = text.as_bytes().get(..19)?;
    match shape(head).as_str() {
        "9999-99-99 99:99:99" => text[19..].starts_with(" UTC").then_some(23),
        "9999-99-99T99:99:99" => text.find('Z').map(|end| end + 1),
        _ => None,
    }
}

#[test]
fn a_stuck_order_is_found_repaired_and_ended() {
    let Some(server) = Server::start() else { return };
    let order = ORDER.replace("{sim}", &server.simulator());
    server.write("order.json", &order);
    server.write("bad.json", BAD);
    server.write("changed.json", &order.replace("context.n > 1", "context.n > 2"));
    uploads(&server);
    let id = starts(&server);
    is_held_while_suspended(&server, &id);
    is_stuck(&server, &id);
    goes_on(&server, &id);
    is_replayed(&server, &id);
    is_ended(&server);
}

fn uploads(server: &Server) {
    server.check(
        "upload order.json",
        &expect![[r#"
        order.json: published order version 1
        = 0
    "#]],
    );
    server.check(
        "upload bad.json",
        &expect![[r#"
            error[unknown-target]: `opn` is not a state inside this one
              at: bad.json:1:13 /initial
              1 | {"initial": "opn", "states": {"open": {"on": {"GO": "shiped"}}, "shipped": {"type": "final"}}}
                |             ^^^^^
              help: did you mean `open`?

            error[unknown-target]: `shiped` is not a state that can be reached from here
              at: bad.json:1:53 /states/open/on/GO (node `open`)
              1 | {"initial": "opn", "states": {"open": {"on": {"GO": "shiped"}}, "shipped": {"type": "final"}}}
                |                                                     ^^^^^^^^
              help: did you mean `shipped`?

            bad.json: cannot be published
            = 1
        "#]],
    );
}

fn starts(server: &Server) -> String {
    server.check(
        "start order --key o1 --wait",
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      waiting
        state       open
        turns       1
        key         o1
        waiting on  the event `ADD`
                    the event `PAY`
        context     {"n":0}
        started     <time>
        last turn   <time>
        = 0
    "#]],
    );
    server.check(
        "start order --key o1",
        &expect![[r#"
        ! error: a live instance already has this key: <id> [key-taken]
        = 3
    "#]],
    );
    let listed = server.json("instances --key o1");
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    takes_what_fits(server, &id);
    id
}

fn takes_what_fits(server: &Server, id: &str) {
    server.check(
        "start order --key=",
        &expect![[r#"
        ! error: /key is empty; leave it out for an instance without a key [json-shape]
        = 3
    "#]],
    );
    server.check(
        "send nobody ADD",
        &expect![[r#"
        ! error: `nobody` is not an id, so nothing has it [not-found]
        = 3
    "#]],
    );
    server.check(
        &format!("send {id} ADD --wait"),
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      waiting
        state       open
        turns       2
        key         o1
        waiting on  the event `ADD`
                    the event `PAY`
        context     {"n":1}
        started     <time>
        last turn   <time>
        = 0
    "#]],
    );
    server.check(
        &format!("send {id} SHIP --data {{\"by\":\"ship\"}}"),
        &expect![[r#"
        accepted as <id>
        = 0
    "#]],
    );
    server.check(
        &format!("explain {id}"),
        &expect![[r#"
        Waiting in `open` for the event `ADD`, or the event `PAY`.

        in open
          on ADD stays
          on PAY → paying  if context.n > 1: does not hold  (context.n=1)

        kept until a transition takes them:
          <time>  SHIP  {"by":"ship"}
        = 0
    "#]],
    );
}

fn is_held_while_suspended(server: &Server, id: &str) {
    server.check(
        &format!("suspend {id} --reason looking"),
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      suspended
        state       open
        turns       4
        key         o1
        waiting on  a person: it is suspended
        context     {"n":1}
        started     <time>
        last turn   <time>
        = 0
    "#]],
    );
    server.run(&format!("send {id} ADD --wait"));
    server.check(
        &format!("explain {id}"),
        &expect![[r#"
        Suspended in `open`; 1 event is held until someone resumes it.

        in open
          on ADD stays
          on PAY → paying  if context.n > 1: does not hold  (context.n=1)

        kept until a transition takes them:
          <time>  SHIP  {"by":"ship"}

        held until it goes on:
          <time>  ADD
        = 0
    "#]],
    );
    server.check(
        &format!("resume {id}"),
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      waiting
        state       open
        turns       6
        key         o1
        waiting on  the event `ADD`
                    the event `PAY`
        context     {"n":2}
        started     <time>
        last turn   <time>
        = 0
    "#]],
    );
}

fn is_stuck(server: &Server, id: &str) {
    server.run(&format!("send {id} PAY --wait"));
    server.until(id, "stuck", 8);
    server.check(
        &format!("show {id}"),
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      stuck
        state       paying
        turns       8
        key         o1
        waiting on  a person: http.request `pay`: HTTP 404 (http-404)
                    the result of `http.request`
        steps       pay (http.request, 7.0): tried once, waits for a person
                      <time> http-404: HTTP 404
        context     {"n":2}
        incident    step-failed, turn 8, since <time>
        started     <time>
        last turn   <time>
        = 1
    "#]],
    );
    server.check(
        &format!("explain {id}"),
        &expect![[r#"
        Stuck in `paying` since <time>: http.request `pay`: HTTP 404 (http-404)

        in paying
          when `pay` has answered → paid

        steps:
          pay (http.request, 7.0): tried once, waits for a person
            <time> http-404: HTTP 404

        kept until a transition takes them:
          <time>  SHIP  {"by":"ship"}
        = 1
    "#]],
    );
    server.check(
        "instances --status stuck",
        &expect![[r#"
        ID                                    DEFINITION  STATUS  STATE   TURNS  KEY  LAST TURN
        <id>  order v1    stuck   paying  8      o1   <time>
        = 0
    "#]],
    );
}

fn goes_on(server: &Server, id: &str) {
    server.run(&format!("retry {id} --reason again"));
    server.until(id, "stuck", 10);
    server.check(&format!("skip {id} --step other --output {{}}"), &expect![[r#"
        ! error: `skip` is not possible: the instance is stuck, or `other` is not one of its open steps [not-possible]
        = 3
    "#]]);
    server.check(
        &format!("skip {id} --output {{}} --reason by-hand"),
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      completed
        state       shipped
        turns       11
        key         o1
        context     {"n":2}
        started     <time>
        last turn   <time>
        = 0
    "#]],
    );
    server.check(&format!("history {id}"), &expect![[r#"
           1  <time>  started      → open
           2  <time>  ADD          open
           3  <time>  SHIP         open                              deferred
           4  <time>  ops.suspend  open                              because: looking
           5  <time>  ADD          open                              held
           6  <time>  ops.resume   open
           7  <time>  PAY          open → paying                     run_step http.request
           8  <time>  step.failed  paying                            stuck
           9  <time>  ops.retry    paying                            retry_step, because: again
          10  <time>  step.failed  paying                            stuck
          11  <time>  ops.skip     paying → shipped                  cancel_step, complete, because: by-hand
        = 0
    "#]]);
}

fn is_replayed(server: &Server, id: &str) {
    server.check(
        &format!("replay {id}"),
        &expect![[r#"
        no divergence: 11 turns give what history has
        = 0
    "#]],
    );
    server.check(
        &format!("replay {id} --against order.json"),
        &expect![[r#"
        no divergence: 11 turns give what history has
        = 0
    "#]],
    );
    server.check(
        &format!("replay {id} --against changed.json"),
        &expect![[r#"
        divergence at turn 7 (PAY): it went to paying, and would have gone to open
          recorded  paying
          replayed  open
        = 1
    "#]],
    );
}

fn is_ended(server: &Server) {
    let id = server.json("start order --key o2")["id"].as_str().unwrap().to_owned();
    server.check(
        &format!("cancel {id} --reason enough"),
        &expect![[r#"
        instance    <id>
        definition  order v1
        status      cancelled
        state       open
        turns       2
        key         o2
        context     {"n":0}
        error       {"cancelled":"enough"}
        started     <time>
        last turn   <time>
        = 0
    "#]],
    );
    server.check(
        &format!("resume {id}"),
        &expect![[r#"
        ! error: `resume` is not possible: the instance is cancelled [not-possible]
        = 3
    "#]],
    );
    server.check(
        &format!("send {id} ADD"),
        &expect![[r#"
        ! error: instance <id> has ended [instance-over]
        = 3
    "#]],
    );
    server.check(
        "instances --url http://127.0.0.1:1",
        &expect![[r#"
        ! error: http://127.0.0.1:1/ cannot be reached
        !   help: is it running? `perdure dev` starts one
        = 3
    "#]],
    );
}
