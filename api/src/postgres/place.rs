//! Where a cluster lives: its data, its socket, and how both become reachable for the account that
//! runs it.
//!
//! **Invariant:** the socket's folder is closed to everyone but the account (and root), so nobody
//! else can connect to a cluster that asks for no password, nor put a socket of their own there.

use super::{Error, account, account::Account};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// The user and database of the cluster.
pub(super) const NAME: &str = "perdure";
/// Longest path of a socket file; the system's limit is 107 bytes, macOS has 103.
const SOCKET_PATH_BYTES_MAX: usize = 100;
/// What Postgres calls its socket.
const SOCKET_FILE: &str = ".s.PGSQL.5432";

/// How long a cluster that is in use is waited for.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(4);
/// How often it is looked whether it is free.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The folders of one cluster.
#[derive(Debug)]
pub(super) struct Place {
    /// Data, log, and usually the socket.
    base: PathBuf,
    socket: PathBuf,
}

impl Place {
    /// Makes the folders: in `<folder>/postgres`, or, where the account cannot reach that (a
    /// checkout under `/root`), in `/var/tmp`, with a note in `<folder>` saying so.
    pub(super) fn prepare(folder: &Path, account: Option<&Account>) -> Result<Self, Error> {
        let what = format!("making {}", folder.display());
        fs::create_dir_all(folder).map_err(Error::io(&what))?;
        let folder = fs::canonicalize(folder).map_err(Error::io(&what))?;
        let near = folder.join("postgres");
        make_private(&near, account)?;
        let base = match account {
            Some(account) if !is_reachable(account, &near) => {
                let far = PathBuf::from(format!("/var/tmp/perdure-{}", short_hash(&near)));
                make_private(&far, Some(account))?;
                let note = near.join("moved-to");
                fs::write(&note, format!("{}\n", far.display()))
                    .map_err(Error::io(format!("writing {}", note.display())))?;
                far
            }
            _ => near,
        };
        let socket = socket_folder(&base);
        make_private(&socket, account)?;
        Ok(Self { base, socket })
    }

    /// Takes the cluster for this process. `InUse` if another one has it and keeps it: one that was just told to end, or
    /// killed, holds it a moment longer.
    pub(super) fn lock(&self) -> Result<fs::File, Error> {
        let path = self.base.join("lock");
        let opened = fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = opened.map_err(Error::io(format!("opening {}", path.display())))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT_MAX => {
                    thread::sleep(LOCK_POLL);
                }
                Err(fs::TryLockError::WouldBlock) => return Err(Error::InUse(self.base.clone())),
                Err(fs::TryLockError::Error(source)) => {
                    return Err(Error::Io { what: format!("locking {}", path.display()), source });
                }
            }
        }
    }

    /// The data folder of Postgres.
    pub(super) fn data(&self) -> PathBuf {
        self.base.join("data")
    }

    /// Where its log goes.
    pub(super) fn log(&self) -> PathBuf {
        self.base.join("postgres.log")
    }

    /// The folder of its socket.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The major version that made the cluster, and its data folder; `None` if there is no cluster
    /// yet.
    pub(super) fn made_by(&self) -> Option<(u32, PathBuf)> {
        let version = fs::read_to_string(self.data().join("PG_VERSION")).ok()?;
        Some((version.trim().parse().ok()?, self.data()))
    }

    pub(super) fn url(&self) -> String {
        let socket = self.socket.display().to_string().replace('/', "%2F");
        format!("postgres://{NAME}@localhost/{NAME}?host={socket}")
    }
}

/// Beside the data if the path is short and plain, else in `/tmp`.
fn socket_folder(base: &Path) -> PathBuf {
    let near = base.join("socket");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    let text = near.as_os_str().as_encoded_bytes();
    match text.len() + 1 + SOCKET_FILE.len() <= SOCKET_PATH_BYTES_MAX
        && text.iter().copied().all(is_plain)
    {
        true => near,
        false => PathBuf::from(format!("/tmp/perdure-{}", short_hash(base))),
    }
}

/// Makes a folder that only the account can open. One that is there already must be ours, because
/// in `/tmp` anybody may have made it.
fn make_private(folder: &Path, account: Option<&Account>) -> Result<(), Error> {
    let what = || format!("making {}", folder.display());
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io(what())(error)),
    }
    let found = fs::symlink_metadata(folder).map_err(Error::io(what()))?;
    let owner = account.map_or_else(|| found.uid(), |account| account.uid);
    if !found.is_dir() || (found.uid() != owner && found.uid() != 0) {
        let source = io::Error::other("it is there already, and belongs to someone else");
        return Err(Error::io(what())(source));
    }
    if let Some(account) = account {
        chown(folder, Some(account.uid), Some(account.gid)).map_err(Error::io(what()))?;
    }
    // Fails for a folder of another user, which is the check when no account is to be served.
    set_mode(folder, 0o700)
}

pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(Error::io(format!("changing the mode of {}", path.display())))
}

fn is_reachable(account: &Account, folder: &Path) -> bool {
    let mut test = account::command(Some(account), Path::new("test"));
    let run = test.arg("-w").arg(folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

fn short_hash(path: &Path) -> String {
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_have_short_plain_paths() {
        let long = format!("/home/{}", "x".repeat(100));
        for (base, is_near) in [
            ("/srv/shop/.perdure/postgres", true),
            ("/home/ana/my project/postgres", false),
            ("/home/zoë/postgres", false),
            ("/home/a,b/postgres", false),
            (long.as_str(), false),
        ] {
            let socket = socket_folder(Path::new(base));
            assert_eq!(socket.starts_with(base), is_near, "{base}");
            assert!(socket.as_os_str().len() + SOCKET_FILE.len() < SOCKET_PATH_BYTES_MAX, "{base}");
        }
    }
}
