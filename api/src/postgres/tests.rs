//! The cluster against a real Postgres: skipped with a note where none is installed.

use super::*;
use std::{os::unix::net::UnixStream, thread, time::Duration};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(mode: u32) -> Self {
        let path =
            std::env::temp_dir().join(format!("perdure-folder-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(&path).unwrap();
        place::set_mode(&path, mode).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A cluster whose folder could not be reached lives elsewhere.
        if let Ok(moved) = fs::read_to_string(self.0.join("postgres/moved-to")) {
            let _ = fs::remove_dir_all(moved.trim());
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `None` where there is nothing to test with.
fn start(folder: &Path) -> Option<Embedded> {
    match Embedded::start(folder, Durability::None) {
        Ok(embedded) => Some(embedded),
        Err(error @ Error::NoBinaries { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn socket_of(embedded: &Embedded) -> PathBuf {
    let (_, host) = embedded.url().split_once("?host=").unwrap();
    PathBuf::from(host.replace("%2F", "/")).join(".s.PGSQL.5432")
}

fn execute(embedded: &Embedded, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(embedded.url()).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn query(embedded: &Embedded, statement: &'static str) -> Result<String, sqlx::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(embedded.url()).await?;
        let (answer,): (String,) = sqlx::query_as(statement).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(answer)
    })
}

#[test]
fn keeps_its_data_over_a_restart_and_is_closed_to_others() {
    for mode in [0o755, 0o700] {
        // 0700 of another user: what a checkout under /root is for the account that runs Postgres.
        let folder = Folder::new(mode);
        let Some(embedded) = start(&folder.0) else { return };
        execute(&embedded, "create table kept as select 'here'::text as what");
        assert_eq!(query(&embedded, "select what from kept").unwrap(), "here");
        let socket = socket_of(&embedded);
        let parent = fs::metadata(socket.parent().unwrap()).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&parent.permissions()) & 0o077, 0);
        let again = Embedded::start(&folder.0, Durability::None);
        assert!(matches!(again, Err(Error::InUse(_))), "two processes had one cluster");
        drop(embedded);
        assert!(UnixStream::connect(&socket).is_err(), "it still runs");
        let embedded = start(&folder.0).unwrap();
        assert_eq!(query(&embedded, "select what from kept").unwrap(), "here");
    }
}

#[test]
fn takes_over_from_a_process_that_was_killed() {
    let folder = Folder::new(0o755);
    let Some(embedded) = start(&folder.0) else { return };
    let postmaster = embedded.pid();
    // As a kill -9 leaves it: the postmaster runs, the lock is free, and nobody has stopped
    // anything.
    let leaked = Box::leak(Box::new(embedded));
    leaked._lock.unlock().unwrap();
    let next = start(&folder.0).unwrap();
    assert_ne!(next.pid(), postmaster);
    assert_eq!(query(&next, "select 'alive'::text").unwrap(), "alive");
}

#[test]
fn believes_no_stale_process_id() {
    let folder = Folder::new(0o755);
    let Some(embedded) = start(&folder.0) else { return };
    let postmaster = embedded.pid();
    drop(embedded);
    // The file of a postmaster that is long gone, whose number is now ours.
    let data = place_of(&folder.0);
    let stale = format!("{}\n{}\n1\n5432\n\n\n\nready\n", std::process::id(), data.display());
    fs::write(data.join("postmaster.pid"), stale).unwrap();
    let next = start(&folder.0).unwrap();
    assert_ne!(next.pid(), postmaster);
    assert_ne!(next.pid(), std::process::id());
}

fn place_of(folder: &Path) -> PathBuf {
    let account = Account::of_this_process().unwrap();
    Place::prepare(folder, account.as_ref()).unwrap().data()
}

#[test]
fn a_temporary_cluster_goes_with_its_owner() {
    let embedded = match Embedded::for_tests() {
        Ok(embedded) => embedded,
        Err(Error::NoBinaries { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let folder = embedded.temporary.as_ref().unwrap().folder.clone();
    let socket = socket_of(&embedded);
    // The pipe closes, as it does when this process is killed.
    let leaked = Box::leak(Box::new(embedded));
    drop(leaked.temporary.as_mut().unwrap().watch.stdin.take());
    for _ in 0..100 {
        if !folder.exists() && UnixStream::connect(&socket).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the temporary cluster outlived its owner");
}
