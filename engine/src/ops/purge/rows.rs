//! The rows of a purge, table by table, a page at a time.

use super::Purged;
use crate::{
    Result, fault, ids,
    limits::PURGE_PAGE,
    store::{instances, purges},
};
use machine::CommandId;
use sqlx::PgPool;
use uuid::Uuid;

/// What is to be emptied.
pub(super) struct Sweep<'a> {
    pub(super) pool: &'a PgPool,
    pub(super) tenant: Uuid,
    pub(super) conversations: &'a [Uuid],
    pub(super) instances: &'a [Uuid],
    pub(super) needles: &'a [String],
}

impl Sweep<'_> {
    /// Empties everything but the contact's own rows.
    pub(super) async fn run(&self, purged: &mut Purged) -> Result<()> {
        self.inbox(purged).await?;
        for instance in self.instances {
            self.history(*instance, purged).await?;
        }
        for page in self.instances.chunks(usize::try_from(PURGE_PAGE).unwrap_or(usize::MAX)) {
            let emptied = purges::empty_instances(self.pool, self.tenant, page).await?;
            purged.add("instance", emptied);
        }
        self.messages(purged).await?;
        self.answers(purged).await?;
        self.audit(purged).await
    }

    /// Turns, with what providers told about their steps: the keys of steps are made of commands, so they are found before
    /// the commands are emptied.
    async fn history(&self, instance: Uuid, purged: &mut Purged) -> Result<()> {
        let key = (self.tenant, instance);
        let loaded = instances::load(self.pool, &[key]).await?.pop();
        let Some((_, Ok(loaded))) = loaded else { return Ok(()) };
        let last = i64::try_from(loaded.state.seq).unwrap_or(i64::MAX);
        let mut after = 0;
        while after < last {
            let turns = (after, after + PURGE_PAGE);
            let commands = purges::steps(self.pool, key, turns).await?;
            let commands = commands.iter().filter_map(|id| id.parse::<CommandId>().ok());
            let keys: Vec<String> =
                commands.map(|id| ids::step_key(self.tenant, instance, id)).collect();
            let told = purges::confirmations(self.pool, self.tenant, &keys).await?;
            purged.add("dedupe", told);
            purged.add("history", purges::history(self.pool, key, turns).await?);
            after += PURGE_PAGE;
            fault::point("purge.page");
        }
        Ok(())
    }

    async fn messages(&self, purged: &mut Purged) -> Result<()> {
        loop {
            let n =
                purges::messages(self.pool, self.tenant, self.conversations, PURGE_PAGE).await?;
            purged.add("message", n);
            if n == 0 {
                break;
            }
        }
        let mut after = 0;
        loop {
            let place = (self.tenant, after);
            let (next, n) = purges::strays(self.pool, place, self.needles, PURGE_PAGE).await?;
            purged.add("message", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    async fn inbox(&self, purged: &mut Purged) -> Result<()> {
        let mut after = 0;
        loop {
            let place = (self.tenant, after);
            let swept = purges::inbox(self.pool, place, self.instances, self.needles, PURGE_PAGE);
            let (next, n) = swept.await?;
            purged.add("inbox", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    /// Answers that are remembered name a conversation or an instance where they do not name the person.
    async fn answers(&self, purged: &mut Purged) -> Result<()> {
        let ids = self.conversations.iter().chain(self.instances).map(Uuid::to_string);
        let needles: Vec<String> = self.needles.iter().cloned().chain(ids).collect();
        let mut after = (String::new(), String::new());
        loop {
            let swept = purges::dedupe(self.pool, (self.tenant, &after), &needles, PURGE_PAGE);
            let (next, n) = swept.await?;
            purged.add("dedupe", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    async fn audit(&self, purged: &mut Purged) -> Result<()> {
        let mut after = Uuid::nil();
        loop {
            let place = (self.tenant, after);
            let (next, n) = purges::audit(self.pool, place, self.needles, PURGE_PAGE).await?;
            purged.add("audit", n.unsigned_abs());
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }
}
