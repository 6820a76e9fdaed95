//! What the queue promises, for every load: shares, bounded waits, order, room.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const CAPACITY: usize = 1 << 20;

/// An item that knows where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Item {
    tenant: usize,
    group: usize,
    priority: u8,
    n: usize,
}

fn key(tenant: usize, group: usize, order: Option<usize>) -> FairKey {
    let id = |n: usize| Uuid::from_u128(n as u128 + 1);
    FairKey { tenant: id(tenant), group: Arc::from(format!("group {group}")), order: order.map(id) }
}

fn item(tenant: usize, group: usize, n: usize) -> Item {
    Item { tenant, group, priority: PRIORITY_DEFAULT, n }
}

/// Between any two of these, in any window of what was served: neither is ahead by more than one service each.
fn check_shares(served: &[usize], weights: &[u16]) {
    for a in 0..weights.len() {
        for b in 0..weights.len() {
            // The largest gap of any window is the largest rise of the running difference.
            let (wa, wb) = (f64::from(weights[a]), f64::from(weights[b]));
            let (mut difference, mut lowest, mut largest) = (0.0_f64, 0.0_f64, 0.0_f64);
            for &who in served {
                difference += if who == a { 1.0 / wa } else { 0.0 };
                difference -= if who == b { 1.0 / wb } else { 0.0 };
                lowest = lowest.min(difference);
                largest = largest.max(difference - lowest);
            }
            let bound = 1.0 / wa + 1.0 / wb + 0.01;
            assert!(a == b || largest <= bound, "{a} and {b} of {weights:?}: {largest} > {bound}");
        }
    }
}

proptest! {
    #[test]
    fn tenants_that_always_have_something_share_by_weight(
        weights in prop::collection::vec(1_u16..=20, 2..7),
    ) {
        let mut queue = FairQueue::new(CAPACITY);
        for n in 0..400 {
            for (tenant, weight) in weights.iter().enumerate() {
                let weight = Weight { tenant: *weight, group: 1 };
                queue.push(&key(tenant, 0, None), weight, 5, item(tenant, 0, n)).unwrap();
            }
        }
        let served: Vec<_> = (0..400).map(|_| queue.pop().unwrap().tenant).collect();
        check_shares(&served, &weights);
    }

    #[test]
    fn groups_of_a_tenant_share_by_weight(weights in prop::collection::vec(1_u16..=20, 2..7)) {
        let mut queue = FairQueue::new(CAPACITY);
        for n in 0..400 {
            for (group, weight) in weights.iter().enumerate() {
                let weight = Weight { tenant: 1, group: *weight };
                queue.push(&key(0, group, None), weight, 5, item(0, group, n)).unwrap();
            }
        }
        let served: Vec<_> = (0..400).map(|_| queue.pop().unwrap().group).collect();
        check_shares(&served, &weights);
    }

    #[test]
    fn a_newcomer_is_served_within_one_round(
        weights in prop::collection::vec(1_u16..=20, 1..7),
        before in 0_usize..300,
        own in 1_u16..=20,
    ) {
        let mut queue = FairQueue::new(CAPACITY);
        for n in 0..1_000 {
            for (tenant, weight) in weights.iter().enumerate() {
                let weight = Weight { tenant: *weight, group: 1 };
                queue.push(&key(tenant, 0, None), weight, 5, item(tenant, 0, n)).unwrap();
            }
        }
        for _ in 0..before {
            queue.pop();
        }
        let newcomer = weights.len();
        let weight = Weight { tenant: own, group: 1 };
        queue.push(&key(newcomer, 0, None), weight, 5, item(newcomer, 0, 0)).unwrap();
        let bound: usize = weights.iter().map(|w| usize::from(w.div_ceil(own)) + 1).sum();
        let waited = (0..).find(|_| queue.pop().unwrap().tenant == newcomer).unwrap();
        prop_assert!(waited <= bound, "{waited} > {bound}");
    }

    #[test]
    fn no_priority_starves(low in 0_u8..9, others in prop::collection::vec(0_u8..=9, 1..6)) {
        let mut queue = FairQueue::new(CAPACITY);
        for n in 0..500 {
            for &priority in &others {
                let item = Item { priority, ..item(0, 0, n) };
                queue.push(&key(0, 0, None), Weight::default(), priority, item).unwrap();
            }
        }
        let item = Item { priority: low, n: usize::MAX, ..item(0, 1, 0) };
        queue.push(&key(0, 1, None), Weight::default(), low, item).unwrap();
        // Its group's turn is at the latest the third of its class, which may have one other group.
        let bound = usize::from(9 - low) * 16 + 10;
        let waited = (0..).find(|_| queue.pop().unwrap().n == usize::MAX).unwrap();
        prop_assert!(waited <= 3 * bound, "{waited} > 3 * {bound}");
    }

    #[test]
    fn order_is_kept_and_nothing_is_lost(
        // Tenant, group, order, priority; or a pop.
        moves in prop::collection::vec(
            prop::option::weighted(0.6, (0_usize..3, 0_usize..3, 0_usize..4, 0_u8..=9)),
            1..400,
        ),
    ) {
        let mut queue = FairQueue::new(CAPACITY);
        let (mut pushed, mut popped) = (0_usize, Vec::new());
        for step in &moves {
            match *step {
                Some((tenant, group, order, priority)) => {
                    let told = (tenant, order, pushed);
                    let key = key(tenant, group, Some(order));
                    queue.push(&key, Weight::default(), priority, told).unwrap();
                    pushed += 1;
                }
                None => popped.extend(queue.pop()),
            }
            prop_assert_eq!(queue.len(), pushed - popped.len());
        }
        popped.extend(std::iter::from_fn(|| queue.pop()));
        prop_assert_eq!(popped.len(), pushed);
        prop_assert!(queue.is_empty());
        let mut last: HashMap<(usize, usize), usize> = HashMap::new();
        for (tenant, order, n) in popped {
            let before = last.insert((tenant, order), n);
            prop_assert!(before.is_none_or(|before| before < n), "{tenant} {order}: {n}");
        }
    }

    #[test]
    fn room_is_bounded_and_a_newcomer_finds_some(
        capacity in 64_usize..2_000,
        floods in prop::collection::vec(0_usize..4_000, 1..4),
    ) {
        let mut queue = FairQueue::new(capacity);
        for (tenant, flood) in floods.iter().enumerate() {
            for n in 0..*flood {
                let is_taken = queue.has_room(key(tenant, 0, None).tenant);
                let item = item(tenant, 0, n);
                let pushed = queue.push(&key(tenant, 0, None), Weight::default(), 5, item);
                prop_assert_eq!(pushed, if is_taken { Ok(()) } else { Err(item) });
            }
            prop_assert!(queue.len() <= capacity);
        }
        prop_assert!(queue.has_room(key(floods.len(), 0, None).tenant));
    }
}

#[test]
fn whoever_comes_and_goes_gains_nothing() {
    let mut queue = FairQueue::new(CAPACITY);
    for n in 0..1_000 {
        queue.push(&key(0, 0, None), Weight::default(), 5, item(0, 0, n)).unwrap();
    }
    let mut visits = 0;
    for n in 0..1_000 {
        if queue.tenants.get(&key(1, 0, None).tenant).is_none() {
            queue.push(&key(1, 0, None), Weight::default(), 5, item(1, 0, n)).unwrap();
        }
        visits += usize::from(queue.pop().unwrap().tenant == 1);
    }
    assert!((450..=501).contains(&visits), "{visits} of 1000");
}

#[test]
fn the_higher_priority_goes_first() {
    let mut queue = FairQueue::new(CAPACITY);
    for priority in [0, 5, 9, 5, 200] {
        queue.push(&key(0, 0, None), Weight::default(), priority, priority).unwrap();
    }
    let served: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!(served, [9, 200, 5, 5, 0]);
}

#[test]
fn what_has_gone_leaves_nothing_behind() {
    let mut queue = FairQueue::new(CAPACITY);
    for n in 0..10_000 {
        queue.push(&key(n, n, Some(n)), Weight::default(), 5, item(n, n, n)).unwrap();
        assert!(queue.pop().is_some());
    }
    assert!(queue.tenants.is_empty() && queue.is_empty());
}
