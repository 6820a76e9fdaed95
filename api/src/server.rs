//! Listening.

use crate::{app::App, router::router};
use std::{future::Future, io, time::Duration};
use tokio::{net::TcpListener, sync::watch};

/// How long open requests may go on after the shutdown began.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// Answers requests until `shutdown` is ready, then lets open ones finish, for [`DRAIN_MAX`] at most. Where to listen, and
/// who may reach it, is the caller's decision.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (begin, mut begun) = watch::channel(false);
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(async move {
        shutdown.await;
        // The receivers live as long as this function.
        let _ = begin.send(true);
    });
    let drained = async {
        let _ = begun.wait_for(|begun| *begun).await;
        tokio::time::sleep(DRAIN_MAX).await;
    };
    tokio::select! {
        ended = server => ended,
        () = drained => {
            tracing::warn!("requests were still open when the server stopped");
            Ok(())
        }
    }
}
