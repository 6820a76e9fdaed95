//! Which instances of a conversation could get a message: the one in the foreground, and those put aside.
//!
//! **Invariant:** an instance that is over is never in it; what is put aside comes back when the foreground ends.

use crate::{
    Result,
    store::conversations::{self as rows, ConversationRow, LineRow},
};
use sqlx::PgConnection;
use uuid::Uuid;

/// The live instances of a conversation.
#[derive(Debug)]
pub(super) struct Stack {
    /// The foreground is the last one.
    line: Vec<LineRow>,
    stored: (Option<Uuid>, Vec<Uuid>),
}

impl Stack {
    /// As it stands. What is over is left out.
    pub(super) async fn read(
        connection: &mut PgConnection,
        tenant: Uuid,
        conversation: &ConversationRow,
    ) -> Result<Self> {
        let stored = (conversation.foreground_id, conversation.suspended.clone());
        let mut ids = stored.1.clone();
        ids.extend(stored.0);
        let found = rows::line(connection, tenant, conversation.id, &ids).await?;
        let line = ids.iter().filter_map(|id| found.iter().find(|row| row.id == *id).cloned());
        Ok(Self { line: line.filter(|row| row.is_live || row.is_busy).collect(), stored })
    }

    /// Whether something that was sent to one of them had no turn yet.
    pub(super) fn is_busy(&self) -> bool {
        self.line.iter().any(|row| row.is_busy)
    }

    /// Leaves out those that are over and had been kept only because something was on its way to them.
    pub(super) fn settle(&mut self) {
        self.line.retain(|row| row.is_live);
    }

    /// The instance in the foreground.
    pub(super) fn foreground(&self) -> Option<&LineRow> {
        self.line.last()
    }

    /// Whether it is one of them.
    pub(super) fn contains(&self, id: Uuid) -> bool {
        self.line.iter().any(|row| row.id == id || row.leaf_id == id)
    }

    /// Puts the one that has this id, or a child with it, into the foreground.
    pub(super) fn raise(&mut self, id: Uuid) {
        if let Some(at) = self.line.iter().position(|row| row.id == id || row.leaf_id == id) {
            let row = self.line.remove(at);
            self.line.push(row);
        }
    }

    /// A new or found instance gets the messages from here on.
    pub(super) fn push(&mut self, id: Uuid) {
        let row = LineRow { id, definition: None, is_live: true, leaf_id: id, is_busy: false };
        self.line.push(row);
    }

    /// The foreground is given up.
    pub(super) fn pop(&mut self) -> Option<LineRow> {
        self.line.pop()
    }

    /// Stores it if it is not as it was stored.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        tenant: Uuid,
        conversation: &mut ConversationRow,
    ) -> Result<()> {
        let mut ids: Vec<Uuid> = self.line.iter().map(|row| row.id).collect();
        let foreground = ids.pop();
        if self.stored == (foreground, ids.clone()) {
            return Ok(());
        }
        conversation.foreground_id = foreground;
        conversation.suspended = ids;
        rows::set_stack(connection, tenant, conversation).await?;
        Ok(())
    }
}
