//! Every bound of a definition and of the pure step, by name (DESIGN 4.7). Units stand last in the name.
//!
//! Reaching a bound is a diagnostic at upload, or an event in the instance's history; never a crash.

/// Largest definition file accepted, in bytes (2 MiB).
pub const DEFINITION_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most states of one definition.
pub const STATES_MAX: usize = 10_000;
/// Most transitions of one definition.
pub const TRANSITIONS_MAX: usize = 50_000;
/// Deepest nesting of any JSON accepted from outside.
pub const JSON_DEPTH_MAX: usize = 64;
/// Longest source text of one expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 8 * 1024;
/// Deepest nesting of one expression.
pub const EXPRESSION_DEPTH_MAX: usize = 64;
/// Fuel of one evaluation: every visited node of the tree and every element copied costs at least one.
pub const EXPRESSION_FUEL: u64 = 10_000;
/// Fuel of all evaluations of one turn together: what a definition of the largest size can make one turn cost.
pub const TURN_FUEL: u64 = 2_000_000;
/// Longest text or list an expression may build, in bytes or elements.
pub const EXPRESSION_OUTPUT_MAX: usize = 256 * 1024;
/// Microsteps of one turn.
pub const MICROSTEPS_MAX: usize = 1_000;
/// Children that one instance may start in its life.
pub const CHILDREN_MAX: u32 = 10_000;
/// Commands of one turn.
pub const COMMANDS_MAX: usize = 1_000;
/// Serialized size of an instance's context, in bytes.
pub const CONTEXT_BYTES_MAX: usize = 256 * 1024;
/// Serialized size of one event, in bytes.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Serialized size of what one step or child is given, in bytes.
pub const STEP_INPUT_BYTES_MAX: usize = 256 * 1024;
/// Serialized size of what all steps and children of one turn are given, in bytes (8 MiB).
pub const TURN_INPUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Events an instance may keep deferred.
pub const DEFERRED_MAX: usize = 1_000;
/// Events of the outside an instance may hold while it is stuck or suspended.
pub const HELD_MAX: usize = 1_000;
/// Serialized size of all events an instance keeps, deferred and held, in bytes (1 MiB).
pub const KEPT_BYTES_MAX: usize = 1024 * 1024;
/// Default time a deferred event is kept, in milliseconds (7 days).
pub const DEFER_TTL_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// What a timer keeps at most to be computed again, in bytes (16 KiB); one that has seen more stays where it is.
pub const RULE_BYTES_MAX: usize = 16 * 1024;
/// Longest delay of a timer, in milliseconds (100 years).
pub const DELAY_MS_MAX: i64 = 100 * 366 * 24 * 3_600 * 1_000;
/// Shortest time for which finished instances may be kept, in milliseconds (1 hour).
pub const RETENTION_MS_MIN: i64 = 3_600 * 1_000;
/// Longest id of a node or key of a state, in characters.
pub const ID_CHARS_MAX: usize = 128;
/// Deepest nesting of groups in a graph; each level costs two levels of JSON in the lowered machine.
pub const GROUP_DEPTH_MAX: usize = 16;
/// Most items one `each` runs for.
pub const MAP_ITEMS_MAX: u32 = 10_000;
/// Fuel of the expression that gives the items of an `each`: enough for the longest list of small objects.
pub const MAP_ITEMS_FUEL: u64 = 200_000;
/// Most items one `each` runs for when it does not say: enough for a list, too few for a mistake.
pub const MAP_ITEMS_DEFAULT: u32 = 1_000;
/// Most items of one `each` that are started and not waited for, since all of them are commands of one turn.
pub const MAP_ITEMS_DETACHED_MAX: u32 = 500;
/// Most items of one `each` that run at the same time.
pub const MAP_CONCURRENCY_MAX: u32 = 100;
/// Items of one `each` that run at the same time when it does not say.
pub const MAP_CONCURRENCY_DEFAULT: u32 = 10;
/// Undo steps an instance may have registered.
pub const UNDO_MAX: usize = 1_000;
