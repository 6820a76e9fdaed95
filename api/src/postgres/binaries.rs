//! Finds the programs of Postgres on this machine.
//!
//! **Invariant:** nothing is downloaded. What is missing is named with the one command that
//! installs it.

use super::Error;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The oldest major version the schema works with.
pub(super) const MAJOR_MIN: u32 = 15;

const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    /// As it tells itself, e.g. `15.18`.
    pub(super) version: String,
    major: u32,
}

impl Binaries {
    /// The newest installation, or the one with the major version that made an existing cluster.
    pub(super) fn find(made_by: Option<(u32, PathBuf)>) -> Result<Self, Error> {
        let folders = folders();
        let found: Vec<Self> = folders.iter().filter_map(|folder| Self::at(folder)).collect();
        if let Some((made_by, data)) = made_by {
            let same = found.into_iter().find(|binaries| binaries.major == made_by);
            return same.ok_or(Error::OtherVersion { data, made_by });
        }
        // The first of `$PG_BIN` and PATH is somebody's choice; among the rest the newest wins.
        found.into_iter().find(|binaries| binaries.major >= MAJOR_MIN).ok_or_else(|| {
            let looked_at: Vec<_> =
                folders.iter().map(|folder| folder.display().to_string()).collect();
            let looked_at = match looked_at.is_empty() {
                true => "$PG_BIN, PATH, /usr/lib/postgresql/*/bin".to_owned(),
                false => looked_at.join(", "),
            };
            Error::NoBinaries { looked_at, install: install_command() }
        })
    }

    fn at(folder: &Path) -> Option<Self> {
        if !PROGRAMS.iter().all(|program| folder.join(program).is_file()) {
            return None;
        }
        let output =
            Command::new(folder.join("postgres")).arg("--version").stderr(Stdio::null()).output();
        let (version, major) = parse_version(&String::from_utf8(output.ok()?.stdout).ok()?)?;
        Some(Self { folder: folder.to_owned(), version, major })
    }

    /// A program of the installation. Where only the usual ones are linked into PATH, the others are beside what the links
    /// lead to.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        let here = self.folder.join(name);
        if here.is_file() {
            return here;
        }
        let linked = fs::canonicalize(self.folder.join("postgres")).unwrap_or_default();
        linked.parent().map(|home| home.join(name)).filter(|found| found.is_file()).unwrap_or(here)
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `… 19beta1`.
fn parse_version(text: &str) -> Option<(String, u32)> {
    let version = text.split_whitespace().nth(2)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((version.to_owned(), digits.parse().ok()?))
}

/// Folders that may hold the programs, in the order of preference.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PG_BIN").map(PathBuf::from).into_iter().collect();
    let path = env::var_os("PATH").unwrap_or_default();
    folders.extend(env::split_paths(&path).filter(|folder| folder.join("initdb").is_file()));
    folders.extend(told_by_pg_config());
    for (parent, prefix, suffix) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
    ] {
        folders.extend(versioned(Path::new(parent), prefix, suffix));
    }
    folders
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok()?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    folder.is_absolute().then_some(folder)
}

/// `<parent>/<prefix><number>/<suffix>`, the highest number first.
fn versioned(parent: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(suffix)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn install_command() -> &'static str {
    let has = |program: &str| Path::new(program).is_file();
    match () {
        () if has("/usr/bin/apt-get") => "apt-get install -y postgresql",
        () if has("/usr/bin/dnf") => "dnf install -y postgresql-server",
        () if has("/usr/bin/pacman") => "pacman -S postgresql",
        () if has("/sbin/apk") => "apk add postgresql",
        () => "brew install postgresql@17",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let cases = [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(("15.18", 15))),
            ("postgres (PostgreSQL) 19beta1", Some(("19beta1", 19))),
            ("postgres (PostgreSQL) 9.6.24", Some(("9.6.24", 9))),
            ("postgres: command not found", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let wanted = wanted.map(|(version, major)| (version.to_owned(), major));
            assert_eq!(parse_version(text), wanted, "{text}");
        }
    }
}
