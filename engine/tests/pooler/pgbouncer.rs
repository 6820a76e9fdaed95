//! A real PgBouncer.

use sqlx::postgres::PgConnectOptions;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Longest time it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process, until it is dropped.
pub(super) struct PgBouncer {
    process: Child,
    folder: PathBuf,
}

impl PgBouncer {
    /// Starts one before this server, with fewer connections than any pool has, taken in turn.
    pub(super) async fn before(
        program: &str,
        server: &PgConnectOptions,
    ) -> (Self, PgConnectOptions) {
        let folder = std::env::temp_dir().join(format!("perdure-pgb-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        // It does not run as root, and must reach its file.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = match server.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => server.get_host().to_owned(),
        };
        let settings = [
            "[databases]".to_owned(),
            format!("* = host={host} port={} user={}", server.get_port(), server.get_username()),
            "[pgbouncer]".to_owned(),
            format!("listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir ="),
            "auth_type = any\npool_mode = transaction\nserver_round_robin = 1".to_owned(),
            "default_pool_size = 4\nmax_client_conn = 1000".to_owned(),
            std::env::var("PERDURE_PGBOUNCER_SETTINGS")
                .unwrap_or_else(|_| "max_prepared_statements = 40".to_owned()),
        ];
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, settings.join("\n")).unwrap();
        let mut command = Command::new("sh");
        // A test's process may be killed, and then this one ends with the pipe between them.
        command.args(["-c", "\"$0\" \"$@\" & read -r gone; kill -9 $!", program]);
        if fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0)
        {
            command.args(["-u", "postgres"]);
        }
        let log = fs::File::create(folder.join("log")).unwrap();
        command.arg(&file).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().unwrap();
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(
                started.elapsed() < PATIENCE,
                "PgBouncer does not listen: {}",
                folder.display()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let database = server.get_database().unwrap_or("postgres");
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .username(server.get_username())
            .database(database);
        (Self { process, folder }, options)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It may have ended by itself.
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
