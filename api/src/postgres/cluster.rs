//! Makes, starts and stops a cluster.

use super::{
    Durability, Error,
    account::{Account, command},
    binaries::Binaries,
    place::{self, Place},
};
use std::{
    fs,
    io::Write,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long starting may take; after a crash Postgres first replays its log.
const START_MAX: Duration = Duration::from_secs(60);
/// How often a start is looked at.
const START_POLL: Duration = Duration::from_millis(10);
/// The line of `postmaster.pid` that says whether connections are taken.
const STATUS_LINE: usize = 7;
/// How much of a log is shown in an error.
const OUTPUT_LINES_MAX: usize = 12;

const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "max_connections=200",
    "jit=off",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
];
const SETTINGS_FULL: &[&str] = &["fsync=on", "synchronous_commit=on"];
const SETTINGS_NONE: &[&str] = &["fsync=off", "synchronous_commit=on", "full_page_writes=off"];

/// A running cluster. Its postmaster is a child of this process in a process group of its own, so
/// that Ctrl-C reaches only us, and we stop it last.
#[derive(Debug)]
pub(super) struct Cluster {
    child: Child,
    binaries: Binaries,
    account: Option<Account>,
    data: PathBuf,
}

impl Cluster {
    pub(super) fn start(
        binaries: Binaries,
        account: Option<Account>,
        place: &Place,
        (durability, settings): (Durability, &[&str]),
    ) -> Result<Self, Error> {
        let data = place.data();
        let tools = Tools { binaries: &binaries, account: account.as_ref() };
        // What an interrupted first start left behind is not a cluster.
        if place.made_by().is_none() || !data.join("global/pg_control").is_file() {
            tools.make(&data, durability)?;
        }
        tools.stop_leftover(&data)?;
        let log = fs::File::create(place.log())
            .map_err(Error::io(format!("writing {}", place.log().display())))?;
        let mut postgres = tools.command("postgres");
        postgres.arg("-D").arg(&data).arg("-k").arg(place.socket());
        let more = match durability {
            Durability::Full => SETTINGS_FULL,
            Durability::None => SETTINGS_NONE,
        };
        for setting in SETTINGS.iter().chain(more).chain(settings) {
            postgres.args(["-c", setting]);
        }
        let child = postgres.process_group(0).stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(Error::io("running postgres"))?;
        let mut cluster = Self { child, binaries, account, data };
        cluster.wait_until_ready(&place.log())?;
        Ok(cluster)
    }

    pub(super) fn version(&self) -> &str {
        &self.binaries.version
    }

    pub(super) fn pid(&self) -> u32 {
        postmaster(&self.data).unwrap_or_else(|| self.child.id())
    }

    /// Copies it, running, into the folder of another one, which will follow it as a standby.
    pub(super) fn copy_to(&self, from: &Place, to: &Place) -> Result<(), Error> {
        let mut backup = self.tools().command("pg_basebackup");
        backup
            .args(["--username", place::NAME, "--checkpoint=fast", "--wal-method=stream"])
            .args(["--write-recovery-conf", "--no-sync", "--host"])
            .arg(from.socket())
            .arg("--pgdata")
            .arg(to.data());
        run("pg_basebackup", &mut backup, None)
    }

    /// Makes a primary of a standby, and waits until it takes writes.
    pub(super) fn promote(&self) -> Result<(), Error> {
        let mut pg_ctl = self.tools().command("pg_ctl");
        run("pg_ctl", pg_ctl.args(["promote", "-w", "-t", "30", "-D"]).arg(&self.data), None)
    }

    /// Ends it as a crash does: nothing is finished, nobody is told.
    pub(super) fn crash(&mut self) -> Result<(), Error> {
        let mut pg_ctl = self.tools().command("pg_ctl");
        run("pg_ctl", pg_ctl.args(["stop", "-m", "immediate", "-D"]).arg(&self.data), None)?;
        self.child.wait().map(drop).map_err(Error::io("waiting for postgres to end"))
    }

    fn tools(&self) -> Tools<'_> {
        Tools { binaries: &self.binaries, account: self.account.as_ref() }
    }

    /// Stops it and waits until its log is on disk. Does nothing if it has ended.
    pub(super) fn stop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let tools = self.tools();
        // What does not stop when asked is stopped; Postgres recovers from that at its next start.
        if tools.stop(&self.data).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }

    fn wait_until_ready(&mut self, log: &Path) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            let status = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
            if status.lines().nth(STATUS_LINE).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            let has_ended = matches!(self.child.try_wait(), Ok(Some(_)));
            if has_ended || begun.elapsed() > START_MAX {
                self.stop();
                let output = tail(&fs::read_to_string(log).unwrap_or_default());
                return Err(Error::Failed { program: "postgres".to_owned(), output });
            }
            thread::sleep(START_POLL);
        }
    }
}

/// The programs of Postgres, run as the right account.
struct Tools<'a> {
    binaries: &'a Binaries,
    account: Option<&'a Account>,
}

impl Tools<'_> {
    fn command(&self, program: &str) -> Command {
        command(self.account, &self.binaries.program(program))
    }

    /// Makes a cluster. It becomes the data folder in one step, when it is whole.
    fn make(&self, data: &Path, durability: Durability) -> Result<(), Error> {
        let growing = data.with_extension("new");
        for leftover in [&growing, data] {
            if leftover.exists() {
                fs::remove_dir_all(leftover)
                    .map_err(Error::io(format!("removing {}", leftover.display())))?;
            }
        }
        let mut initdb = self.command("initdb");
        initdb
            .args([
                "--username",
                place::NAME,
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&growing);
        if durability == Durability::None {
            initdb.arg("--no-sync");
        }
        run("initdb", &mut initdb, None)?;
        let mut single = self.command("postgres");
        single.arg("--single").arg("-D").arg(&growing).arg("template1");
        let statement = format!("create database {}\n", place::NAME);
        run("postgres --single", &mut single, Some(&statement))?;
        fs::rename(&growing, data).map_err(Error::io(format!("making {}", data.display())))?;
        match self.account {
            Some(account) => chown(data, Some(account.uid), Some(account.gid))
                .map_err(Error::io(format!("making {}", data.display()))),
            None => Ok(()),
        }
    }

    /// Ends the postmaster of a process that was killed. The file lock says that nobody else uses
    /// it.
    fn stop_leftover(&self, data: &Path) -> Result<(), Error> {
        let Some(pid) = postmaster(data) else { return Ok(()) };
        let works_in = fs::read_link(format!("/proc/{pid}/cwd"));
        match works_in {
            Ok(folder) if folder == data => self.stop(data),
            // Its number was given to some other program: the file is stale, and Postgres would
            // believe it.
            _ if Path::new("/proc/self").exists() => {
                let file = data.join("postmaster.pid");
                fs::remove_file(&file).map_err(Error::io(format!("removing {}", file.display())))
            }
            _ => self.stop(data),
        }
    }

    fn stop(&self, data: &Path) -> Result<(), Error> {
        let mut pg_ctl = self.command("pg_ctl");
        run("pg_ctl", pg_ctl.args(["stop", "-m", "fast", "-w", "-t", "30", "-D"]).arg(data), None)
    }
}

fn postmaster(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

/// Runs a program to its end, with its output in the error if it fails.
fn run(program: &str, command: &mut Command, input: Option<&str>) -> Result<(), Error> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(Error::io(format!("running {program}")))?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        // A program that ended early says why in its output.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(Error::io(format!("running {program}")))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Error::Failed { program: program.to_owned(), output: said(&output) }),
    }
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    tail(&String::from_utf8_lossy(&text))
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(OUTPUT_LINES_MAX);
    lines[from..].join("\n")
}
