//! The unprivileged account a root process runs Postgres as.

use super::Error;
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// An account that is not root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// `None` when this process is not root and can run Postgres itself.
    pub(super) fn of_this_process() -> Result<Option<Self>, Error> {
        if id(&["-u"]) != Some(0) {
            return Ok(None);
        }
        let found = ["postgres", "nobody"].iter().find_map(|name| Self::named(name));
        found.map(Some).ok_or(Error::NoAccount)
    }

    fn named(name: &str) -> Option<Self> {
        let (uid, gid) = (id(&["-u", name])?, id(&["-g", name])?);
        Some(Self { name: name.to_owned(), uid, gid })
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A command that runs as the account, or as this process if there is none. It keeps its process
/// id, so that it can be signalled, with `setpriv`; without (`su`), signals reach it through its
/// parent.
pub(super) fn command(account: Option<&Account>, program: &Path) -> Command {
    let mut command = match account {
        None => Command::new(program),
        Some(account) if has_setpriv() => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={}", account.uid))
                .arg(format!("--regid={}", account.gid))
                .args(["--clear-groups", "--"])
                .arg(program);
            command
        }
        Some(account) => {
            let mut command = Command::new("su");
            command
                .args(["-s", "/bin/sh", &account.name, "-c", "exec \"$0\" \"$@\"", "--"])
                .arg(program);
            command
        }
    };
    // Settings of a surrounding session (PGDATA, PGHOST, PGPORT, …) must not leak into a private
    // cluster.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_postgres_variable(name)) {
        command.env_remove(name);
    }
    // The current folder may be closed to the account.
    command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
    command
}

fn is_postgres_variable(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("PG"))
}

fn has_setpriv() -> bool {
    let run = Command::new("setpriv")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}
