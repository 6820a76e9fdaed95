//! A rolling upgrade and its way back, with two real binaries on one database under load.
//!
//! Runs when `PERDURE_EARLIER` names the binary of an earlier revision, which `script/rolling` builds; without it, it says so in
//! one line. Two processes of the earlier binary serve; the schema goes to this revision; then each process is replaced while
//! customers go on, one of them by `kill -9`; one goes back and up again.

mod fleet;
mod load;
mod verdict;

use anyhow::{Context, Result};
use fleet::{Binaries, Fleet, How, Which};
use load::Load;
use std::time::Instant;

/// Instances that go through all of their steps before the next thing happens.
const BETWEEN: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "what was left out, and what was seen, is for people")]
async fn two_releases_share_one_database_under_load() -> Result<()> {
    let Some(binaries) = Binaries::given()? else {
        println!("left out: PERDURE_EARLIER names no earlier binary; run script/rolling");
        return Ok(());
    };
    let mut fleet = Fleet::begin(binaries).await?;
    let load = Load::begin(fleet.door());
    let begun = Instant::now();
    let tell = |what: &str| println!("{:>6.1} s  {what}", begun.elapsed().as_secs_f64());
    load.goes_on(BETWEEN).await.context("two of N-1")?;
    tell("two of N-1 serve");
    fleet.migrate(Which::This)?;
    load.goes_on(BETWEEN).await.context("N-1 on N's schema")?;
    tell("N-1 goes on with N's schema");
    let replacements = [
        (0, Which::This, How::Asked, "the first is N"),
        (1, Which::This, How::Killed, "the second was killed, and is N"),
        (0, Which::Earlier, How::Asked, "the first is N-1 again"),
        (1, Which::Earlier, How::Killed, "the second was killed, and is N-1 again"),
        (1, Which::This, How::Asked, "the second is N"),
        (0, Which::This, How::Killed, "the first was killed, and both are N"),
    ];
    for (place, which, how, what) in replacements {
        fleet.replace(place, which, how).await.context(what)?;
        load.goes_on(BETWEEN).await.context(what)?;
        tell(what);
    }
    let done = load.end().await?;
    tell(&format!(
        "{} instances began, {} events were taken",
        done.started.len(),
        done.marks.len()
    ));
    verdict::check(&fleet, &done).await?;
    tell("every promise was kept, and N replays all of it");
    fleet.end().await
}
