//! Counts the statements this process sends: sqlx tells each one as an event of `sqlx::query`.
//!
//! `begin` is sent unseen and not counted; the commits stand beside the figure.

use crate::screen;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::{Event, Level, Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

/// What sqlx tells statements as.
const QUERY: &str = "sqlx::query";

static SENT: AtomicU64 = AtomicU64::new(0);

/// Statements since [`start`].
pub(super) fn sent() -> u64 {
    SENT.load(Ordering::Relaxed)
}

/// Begins to count, and prints warnings as any verb does. A second call changes nothing.
pub(super) fn start() {
    // Slow statements are what some jobs are made of.
    let told = Targets::new().with_default(Level::WARN).with_target(QUERY, LevelFilter::OFF);
    let warnings = tracing_subscriber::fmt::layer()
        .with_ansi(screen::may_colour(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .with_filter(told);
    let _ =
        tracing_subscriber::registry().with(Count.with_filter(Queries)).with(warnings).try_init();
}

struct Count;

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        SENT.fetch_add(1, Ordering::Relaxed);
    }
}

/// Lets nothing else through, so that no other event of the process costs more than without the count.
struct Queries;

fn is_query(metadata: &Metadata<'_>) -> bool {
    metadata.target() == QUERY && *metadata.level() <= Level::DEBUG
}

impl<S> tracing_subscriber::layer::Filter<S> for Queries {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        is_query(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_query(metadata) { Interest::always() } else { Interest::never() }
    }
}
