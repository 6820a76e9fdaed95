//! The booking again and again, with the engine killed at each of its named points (`engine::fault::POINTS`, which say what
//! each death leaves behind), and started again by a supervisor that knows nothing.
//!
//! After every run: the customer got the same messages as in a run without a death, each once; the history has no gap; its
//! replay gives the stored state; the CRM has the contact once. Where an outcome cannot be known a person decides, as
//! DESIGN 9 says, and the table shows how often that was.

use anyhow::{Context, Result};
use perdure_tests::{Booked, Booking, Crash, World};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, LocalSet},
};

/// Visits at which each point kills: the first messages, the middle, the steps after the confirmation.
const VISITS: [u32; 3] = [1, 3, 7];
/// Two cores bear two engines.
const AT_ONCE: usize = 2;

struct Ran {
    crash: Option<Crash>,
    booked: Booked,
    deaths: u32,
    unknown: u32,
}

/// Bad weather, so that the points of retries and of lost answers are visited too: the fourth message arrives and its
/// answer is lost, and Slack wants a pause.
fn weather() -> Value {
    json!([
        { "provider": "whatsapp", "after": 3, "times": 1, "mode": "error_after" },
        { "provider": "slack", "path": "chat.postMessage", "times": 1, "mode": "rate_limit" },
    ])
}

async fn run(crash: Option<Crash>) -> Result<Ran> {
    let mut world = World::start(crash.clone()).await?;
    world.simulate("/_sim/faults", &weather()).await?;
    let booked = Booking::by("255700000009").book(&mut world).await?;
    Ok(Ran { crash, booked, deaths: world.deaths, unknown: world.unknown })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_nothing_is_lost_and_nothing_is_said_twice() -> Result<()> {
    LocalSet::new().run_until(sweep()).await
}

#[expect(clippy::print_stdout, reason = "the table is what a person looks at")]
async fn sweep() -> Result<()> {
    let whole = run(None).await?;
    assert_eq!(whole.deaths, 0);
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut runs = JoinSet::new();
    // `PERDURE_SWEEP=step.after_mark` looks at one point alone.
    let only = std::env::var("PERDURE_SWEEP").ok();
    for point in engine::fault::POINTS
        .iter()
        .filter(|point| only.as_deref().is_none_or(|only| only == **point))
    {
        for visit in VISITS {
            let gate = Arc::clone(&gate);
            let crash = Crash { point, visit };
            runs.spawn_local(async move {
                let _turn = gate.acquire_owned().await?;
                run(Some(crash.clone())).await.with_context(|| format!("killed at {crash:?}"))
            });
        }
    }
    let mut table = Vec::new();
    let mut failures = Vec::new();
    while let Some(ran) = runs.join_next().await {
        match ran? {
            Ok(ran) if ran.booked.texts == whole.booked.texts => table.push(ran),
            Ok(ran) => {
                failures.push(format!("{:?}: the customer got {:#?}", ran.crash, ran.booked.texts))
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    println!("{}", told(&mut table));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let points_hit = table.iter().filter(|ran| ran.deaths > 0);
    let mut points: Vec<_> =
        points_hit.filter_map(|ran| ran.crash.as_ref().map(|c| c.point)).collect();
    points.sort_unstable();
    points.dedup();
    if only.is_some() {
        return Ok(());
    }
    // Points that a booking without failures never visits are killed at by the engine's own tests.
    assert!(points.len() >= 14, "only {points:?} were visited");
    Ok(())
}

fn told(table: &mut [Ran]) -> String {
    table.sort_by_key(|ran| ran.crash.as_ref().map(|crash| (crash.point, crash.visit)));
    let mut text = String::from("point                     visit  deaths  unknown\n");
    for ran in table.iter() {
        let Some(crash) = &ran.crash else { continue };
        let (deaths, unknown) = (ran.deaths, ran.unknown);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{:<26}{:>5}{deaths:>8}{unknown:>9}", crash.point, crash.visit);
    }
    let deaths: u32 = table.iter().map(|ran| ran.deaths).sum();
    let unknown: u32 = table.iter().map(|ran| ran.unknown).sum();
    let _ = writeln!(
        text,
        "{} runs, {deaths} deaths, {unknown} outcomes a person had to tell",
        table.len()
    );
    text
}

/// Customers of the storm.
const CUSTOMERS: usize = 12;
/// How often the engine is killed in the storm, and the pause between two deaths, in milliseconds.
const KILLS: u32 = 12;
const PAUSE_MS: std::ops::Range<u64> = 150..900;
/// Which storm: another number kills at other moments.
const SEED: u64 = 20_261_120;

/// Several customers at once, and `kill -9` at moments nobody chose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_kills_while_customers_talk() -> Result<()> {
    let mut world = World::start(None).await?;
    let customers: Vec<_> =
        (0..CUSTOMERS).map(|n| Booking::by(format!("2557100000{n:02}"))).collect();
    let mut said = [0_usize; CUSTOMERS];
    let mut is_done = [false; CUSTOMERS];
    let mut storm = Storm { state: SEED, left: KILLS, next: Instant::now() };
    world
        .until("every booking", async |world: &mut World| {
            storm.blow(world);
            for (n, customer) in
                customers.iter().enumerate().filter(|(n, _)| !is_done[*n]).collect::<Vec<_>>()
            {
                is_done[n] = customer.go_on(world, &mut said[n]).await?;
            }
            Ok((storm.left == 0 && is_done.iter().all(|done| *done)).then_some(()))
        })
        .await?;
    let mut whole: Option<Vec<String>> = None;
    for customer in &customers {
        let booked = customer.booked(&mut world).await?;
        assert_eq!(whole.get_or_insert_with(|| booked.texts.clone()), &booked.texts);
    }
    assert!(world.deaths >= KILLS / 2, "only {} deaths", world.deaths);
    Ok(())
}

/// Kills at intervals that look like chance and are the same in every run.
struct Storm {
    state: u64,
    left: u32,
    next: Instant,
}

impl Storm {
    fn blow(&mut self, world: &mut World) {
        if self.left == 0 || Instant::now() < self.next {
            return;
        }
        self.left -= 1;
        world.kill();
        // xorshift64: no dependency for one number.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let pause_ms = PAUSE_MS.start + self.state % (PAUSE_MS.end - PAUSE_MS.start);
        self.next = Instant::now() + Duration::from_millis(pause_ms);
    }
}
