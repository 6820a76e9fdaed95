//! Hash maps of what every turn looks up.

use std::collections::{HashMap, HashSet};

/// A map whose keys are ids: hashed in a few nanoseconds, which the standard hash takes ten times as long for. Seeded anew in each
/// map, like the standard one, so that nobody outside can choose ids that meet in one place.
pub(crate) type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// As [`FastMap`].
pub(crate) type FastSet<K> = HashSet<K, foldhash::fast::RandomState>;
