//! What the journeys are made of: a fresh database, the simulator in this process, and `perdure serve` in another one,
//! so that the engine can be killed while the customer and the providers live on.

mod book;
mod database;
mod http;
mod world;

pub use book::{Booked, Booking, appointment};
pub use database::fresh as fresh_database;
pub use http::{call, client};
pub use world::{Crash, World, this_binary};
