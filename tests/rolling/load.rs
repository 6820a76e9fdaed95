//! Customers that go on whatever happens to the processes, and remember what was acknowledged.

use crate::rolling::fleet::{Door, LOOK, PATIENCE};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Customers at once.
const CUSTOMERS: usize = 6;
/// Events that each instance counts.
pub(crate) const TICKS: u64 = 3;

/// What was acknowledged.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// Instances.
    pub(crate) started: Vec<Uuid>,
    /// What stands in each event, to be found in history.
    pub(crate) marks: Vec<String>,
}

/// The customers at work.
pub(crate) struct Load {
    customers: JoinSet<Result<Acknowledged>>,
    is_over: Arc<AtomicBool>,
    through: Arc<AtomicUsize>,
}

impl Load {
    /// They begin.
    pub(crate) fn begin(door: Door) -> Self {
        let (is_over, through) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut customers = JoinSet::new();
        for _ in 0..CUSTOMERS {
            let (door, is_over, through) = (door.clone(), is_over.clone(), through.clone());
            customers.spawn(async move {
                let mut done = Acknowledged::default();
                while !is_over.load(Ordering::Relaxed) {
                    one(&door, &mut done).await?;
                    through.fetch_add(1, Ordering::Relaxed);
                }
                Ok(done)
            });
        }
        Self { customers, is_over, through }
    }

    /// Waits until so many more instances got all their events.
    pub(crate) async fn goes_on(&self, more: usize) -> Result<()> {
        let wanted = self.through.load(Ordering::Relaxed) + more;
        let begun = Instant::now();
        while self.through.load(Ordering::Relaxed) < wanted {
            ensure!(begun.elapsed() < PATIENCE, "the load stands still");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// They finish what they are at.
    pub(crate) async fn end(mut self) -> Result<Acknowledged> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Acknowledged::default();
        while let Some(ended) = self.customers.join_next().await {
            let done = ended??;
            all.started.extend(done.started);
            all.marks.extend(done.marks);
        }
        Ok(all)
    }
}

/// One instance with all its events.
async fn one(door: &Door, done: &mut Acknowledged) -> Result<()> {
    let name = Uuid::new_v4().simple().to_string();
    let body = json!({ "definition": "rolling", "key": name, "input": { "name": name } });
    let started = door.post_once("/v1/instances", &name, &body).await?;
    let id: Uuid = started["id"].as_str().context("an instance has an id")?.parse()?;
    done.started.push(id);
    for n in 0..TICKS {
        send(door, id, "tick", format!("{name}-{n}"), done).await?;
    }
    // An event may be acknowledged before its turn; what follows must not end the instance before that.
    let begun = Instant::now();
    while instance(door, id).await?["context"]["n"].as_u64() != Some(TICKS) {
        if begun.elapsed() > PATIENCE {
            bail!("{id} has not counted its events");
        }
        tokio::time::sleep(LOOK).await;
    }
    send(door, id, "go", format!("{name}-go"), done).await
}

async fn send(
    door: &Door,
    instance: Uuid,
    kind: &str,
    mark: String,
    done: &mut Acknowledged,
) -> Result<()> {
    let path = format!("/v1/instances/{instance}/events");
    let body = json!({ "type": kind, "id": mark, "data": { "mark": mark } });
    door.post(&path, &body).await?;
    done.marks.push(mark);
    Ok(())
}

/// As the API shows it.
pub(crate) async fn instance(door: &Door, id: Uuid) -> Result<Value> {
    door.get(&format!("/v1/instances/{id}")).await
}
