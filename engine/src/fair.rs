//! A weighted fair queue: what is ready waits here for its turn, so that nobody's flood delays anybody else's one.
//!
//! First tenants share by weight; within a tenant the higher priority goes first, with aging; within a priority, groups (a
//! definition, a connection) share by weight; within a group, first come, first served. Pure: no clock, no randomness; every
//! push and pop is O(log n) in the number of tenants and groups that have something waiting.
//!
//! **Invariant:** among tenants (and among groups of one tenant and priority) that always have something waiting, each gets
//! its weighted share in every window, give or take one service each.
//! **Invariant:** what is pushed with one `order` comes out in the order in which it was pushed.
//! **Invariant:** no priority starves: while it has something waiting it is served at least once in
//! `(9 - priority) * AGING + 10` services of its tenant.
//! **Invariant:** never more than `capacity` items are held, and a tenant that holds few always finds room, however many the
//! others hold.

mod flows;
#[cfg(test)]
mod tests;

use flows::Flows;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};
use uuid::Uuid;

/// The highest priority.
pub const PRIORITY_MAX: u8 = 9;
/// The priority of whatever does not say.
pub const PRIORITY_DEFAULT: u8 = 5;
/// Services of its tenant after which what waits counts as one priority higher.
pub const AGING: u64 = 16;

/// Whose item it is, and beside what it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairKey {
    /// Tenants share first.
    pub tenant: Uuid,
    /// Then what the tenant does: the name of a definition, or of a connection.
    pub group: Arc<str>,
    /// Items with one value here, usually the instance's id, keep their order; `None` for an item that has none to keep.
    pub order: Option<Uuid>,
}

/// Shares relative to others of the same level, from 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Of the tenant among tenants.
    pub tenant: u16,
    /// Of the group among groups of its tenant.
    pub group: u16,
}

impl Default for Weight {
    fn default() -> Self {
        Self { tenant: 1, group: 1 }
    }
}

/// The queue.
#[derive(Debug)]
pub struct FairQueue<T> {
    tenants: Flows<Uuid, Tenant<T>>,
    len: usize,
    capacity: usize,
}

/// What one tenant has waiting.
#[derive(Debug)]
struct Tenant<T> {
    /// Only those that have something.
    classes: BTreeMap<u8, Class<T>>,
    /// Where items that keep an order wait, so that those after them wait behind them.
    lanes: HashMap<Uuid, Lane>,
    len: usize,
    served: u64,
}

/// What waits with one priority.
#[derive(Debug)]
struct Class<T> {
    groups: Flows<Arc<str>, VecDeque<(Option<Uuid>, T)>>,
    /// The count of services when it last had its turn, or got its first item.
    since: u64,
}

#[derive(Debug)]
struct Lane {
    priority: u8,
    group: Arc<str>,
    len: usize,
}

impl<T> Default for Tenant<T> {
    fn default() -> Self {
        Self { classes: BTreeMap::new(), lanes: HashMap::new(), len: 0, served: 0 }
    }
}

impl<T> FairQueue<T> {
    /// An empty queue that holds at most `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self { tenants: Flows::default(), len: 0, capacity }
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the tenant's next item would be taken. A tenant may hold as much as is still free: alone it gets half of the
    /// room, and the next one always finds some.
    pub fn has_room(&self, tenant: Uuid) -> bool {
        let held = self.tenants.get(&tenant).map_or(0, |tenant| tenant.len);
        held < self.capacity.saturating_sub(self.len)
    }

    /// Puts an item in line; gives it back if the tenant has no room (see [`has_room`](Self::has_room)). Whoever keeps an
    /// order must then push nothing later of the same order before this item was taken. Priorities above 9 count as 9.
    ///
    /// While items of the same order wait, the item waits behind them, with their priority and group.
    pub fn push(&mut self, key: &FairKey, weight: Weight, priority: u8, item: T) -> Result<(), T> {
        if !self.has_room(key.tenant) {
            return Err(item);
        }
        let tenant = self.tenants.enter(&key.tenant, weight.tenant);
        tenant.push(key, weight.group, priority.min(PRIORITY_MAX), item);
        self.len += 1;
        Ok(())
    }

    /// The item whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let taken = self.tenants.serve(|tenant| {
            let taken = tenant.pop();
            (taken, tenant.len > 0)
        })?;
        self.len -= usize::from(taken.is_some());
        taken
    }
}

impl<T> Tenant<T> {
    fn push(&mut self, key: &FairKey, weight: u16, priority: u8, item: T) {
        let (mut priority, mut group) = (priority, &key.group);
        let lane = key.order.map(|order| {
            self.lanes.entry(order).or_insert_with(|| Lane {
                priority,
                group: group.clone(),
                len: 0,
            })
        });
        if let Some(lane) = lane {
            lane.len += 1;
            (priority, group) = (lane.priority, &lane.group);
        }
        let since = self.served;
        let class = self
            .classes
            .entry(priority)
            .or_insert_with(|| Class { groups: Flows::default(), since });
        class.groups.enter(group, weight).push_back((key.order, item));
        self.len += 1;
    }

    fn pop(&mut self) -> Option<T> {
        let served = self.served;
        // Of equals the higher priority, which stands later.
        let (&priority, class) = self.classes.iter_mut().max_by_key(|(priority, class)| {
            u64::from(**priority) * AGING + (served - class.since)
        })?;
        self.served += 1;
        class.since = self.served;
        let taken = class.groups.serve(|items| (items.pop_front(), !items.is_empty()));
        if class.groups.is_empty() {
            self.classes.remove(&priority);
        }
        let (order, item) = taken.flatten()?;
        self.len -= 1;
        if let Some(order) = order
            && let Some(lane) = self.lanes.get_mut(&order)
        {
            lane.len -= 1;
            if lane.len == 0 {
                self.lanes.remove(&order);
            }
        }
        Some(item)
    }
}
