//! A private Postgres beside the program: for `perdure dev`, the benchmarks and the tests. Nothing
//! is installed, and no port is opened: the binaries of the machine run a cluster in a folder of
//! ours, reached over a socket only we can open.
//!
//! **Invariant:** one process at a time uses a cluster, held by a file lock that dies with the
//! process.
//! **Invariant:** a cluster whose process was killed is found and stopped by the next one, and
//! loses nothing it committed.
//! **Invariant:** Postgres never runs as root: a root process hands the cluster to an unprivileged
//! account.

mod account;
mod binaries;
mod cluster;
mod place;
mod standby;
#[cfg(test)]
mod tests;

use account::Account;
use binaries::Binaries;
use cluster::Cluster;
use place::Place;
use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Why there is no private Postgres.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine has no Postgres programs, or only old ones.
    #[error("no Postgres {} or later was found (looked at {looked_at})", binaries::MAJOR_MIN)]
    NoBinaries {
        /// Places that were tried.
        looked_at: String,
        /// The one command that cures it.
        install: &'static str,
    },
    /// The cluster was made by another major version than any that is installed.
    #[error(
        "the cluster in {} was made by Postgres {made_by}, which is not installed",
        .data.display()
    )]
    OtherVersion {
        /// Its data folder.
        data: PathBuf,
        /// The major version that made it.
        made_by: u32,
    },
    /// Another process uses this cluster.
    #[error("another process is using the database in {}", .0.display())]
    InUse(PathBuf),
    /// Running as root, and no account to hand the cluster to.
    #[error(
        "Postgres does not run as root, and there is no account `postgres` or `nobody` to run it"
    )]
    NoAccount,
    /// A program of Postgres failed; its own words say why.
    #[error("{program} failed: {output}")]
    Failed {
        /// Which program.
        program: String,
        /// The end of what it printed.
        output: String,
    },
    /// Files could not be made or programs not run.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it did not work.
        source: io::Error,
    },
}

impl Error {
    /// What cures it, if something simple does.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoBinaries { install, .. } => {
                Some(format!("`{install}` (as root) installs it; or set DATABASE_URL"))
            }
            Self::OtherVersion { data, .. } => {
                Some(format!("install that version, or remove {} to start anew", data.display()))
            }
            Self::InUse(_) => Some("stop that process, or choose another folder".to_owned()),
            Self::NoAccount => Some("`useradd --system postgres` makes one".to_owned()),
            Self::Failed { .. } | Self::Io { .. } => None,
        }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// What losing power may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: as in production.
    Full,
    /// Everything: for tests, whose cluster is thrown away. Killed processes still lose nothing.
    None,
}

/// A running private Postgres. Dropping it stops the cluster and waits until it has.
#[derive(Debug)]
pub struct Embedded {
    cluster: Cluster,
    place: Place,
    url: String,
    /// Of a cluster that nobody will need again.
    temporary: Option<Temporary>,
    /// Held while the cluster is ours.
    _lock: fs::File,
}

impl Embedded {
    /// Starts the cluster in `<folder>/postgres`, making it first if there is none. Blocks for
    /// about a second, two for a new one.
    pub fn start(folder: &Path, durability: Durability) -> Result<Self, Error> {
        Self::start_with(folder, (durability, &[]), |_| Ok(()))
    }

    /// Starts it with more settings (`name=value`), after its folder was prepared.
    fn start_with(
        folder: &Path,
        settings: (Durability, &[&str]),
        prepare: impl FnOnce(&Place) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let account = Account::of_this_process()?;
        let place = Place::prepare(folder, account.as_ref())?;
        let lock = place.lock()?;
        prepare(&place)?;
        let binaries = Binaries::find(place.made_by())?;
        let cluster = Cluster::start(binaries, account, &place, settings)?;
        Ok(Self { cluster, url: place.url(), place, temporary: None, _lock: lock })
    }

    /// Starts a new, empty cluster for tests, without fsync. It is stopped and removed when this is
    /// dropped, and also when this process ends in any other way: a test harness drops no statics,
    /// and may be killed.
    pub fn for_tests() -> Result<Self, Error> {
        Self::for_tests_with(&[])
    }

    /// As [`for_tests`](Self::for_tests), with more settings (`name=value`).
    pub fn for_tests_with(settings: &[&str]) -> Result<Self, Error> {
        Self::temporary(settings, |_| Ok(()))
    }

    fn temporary(
        settings: &[&str],
        prepare: impl FnOnce(&Place) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let folder =
            std::env::temp_dir().join(format!("perdure-test-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        // An account other than ours has to reach the folder below it, and may not list this one.
        place::set_mode(&folder, 0o711)?;
        let mut embedded = Self::start_with(&folder, (Durability::None, settings), prepare)?;
        embedded.temporary = Some(Temporary::watch(folder, embedded.pid())?);
        Ok(embedded)
    }

    /// Where sqlx and psql reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of its postmaster.
    pub fn pid(&self) -> u32 {
        self.cluster.pid()
    }

    /// The version that runs, e.g. `15.18`.
    pub fn version(&self) -> &str {
        self.cluster.version()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let temporary = self.temporary.take().map(Temporary::end_watch);
        self.cluster.stop();
        if let Some(folder) = temporary {
            // A folder that stays costs space in a temporary directory, nothing else.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A folder that goes with this process, and the shell that sees to it: it reads from a pipe whose
/// other end we hold, so the end of this process, however it comes, is the end of its input.
#[derive(Debug)]
struct Temporary {
    folder: PathBuf,
    watch: Child,
}

impl Temporary {
    fn watch(folder: PathBuf, postmaster: u32) -> Result<Self, Error> {
        let script = "read -r _; kill -QUIT \"$0\" 2>/dev/null; sleep 1; rm -rf \"$1\"";
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(postmaster.to_string()).arg(&folder).current_dir("/");
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C in a terminal is for us.
        let watch = shell.process_group(0).spawn().map_err(Error::io("running sh"))?;
        Ok(Self { folder, watch })
    }

    /// Before the cluster stops in good order, because after that its process id may be anybody's.
    fn end_watch(mut self) -> PathBuf {
        let _ = self.watch.kill();
        let _ = self.watch.wait();
        self.folder
    }
}
