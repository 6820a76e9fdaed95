//! Hash maps of what every turn looks up.

use std::collections::{HashMap, HashSet};

/// A map whose keys are ids. The standard hash withstands whoever chooses keys so that they meet in one place; this one is only seeded
/// anew in each map. That is enough here: ids that callers choose are bounded by what is in memory at once.
pub(crate) type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// As [`FastMap`].
pub(crate) type FastSet<K> = HashSet<K, foldhash::fast::RandomState>;
