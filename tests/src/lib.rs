//! What the end-to-end tests stand on: the real `pgfleet` binary, real PostgreSQL servers, and
//! for each test a [`Machine`] of its own: a folder and a block of ports that no other test uses.
//!
//! ```no_run
//! let machine = pgfleet_tests::Machine::new();
//! let fleet = machine.fleet("truck").replicas(2);
//! fleet.apply();
//! fleet.is_as_planned();
//! fleet.destroy();
//! machine.has_nothing_left();
//! ```
//!
//! Everything here panics where something is not as it should be: that is what fails a test. When
//! a `Machine` goes out of scope, also by a panic, every server below its folder is ended.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness that panics is a test that fails"
)]

mod binary;
mod clouds;
mod fleet;
mod load;
mod machine;
mod ports;
mod prices;
mod processes;
mod ran;
mod random;
mod schemas;
mod served;
mod server;
mod soundness;
mod sql;
mod struck;
mod terminal;
mod wait;

pub use clouds::{Clouds, PASSWORD, Vendor, side_by_side};
pub use fleet::Fleet;
pub use load::{fill, load};
pub use machine::Machine;
pub use prices::PriceLists;
pub use processes::{Process, processes_below};
pub use ran::{Ran, Running};
pub use random::{Random, say, soak};
pub use rustix::process::Signal;
pub use served::Served;
pub use server::{Server, bindir, send};
pub use sql::Sql;
pub use struck::{Doomed, Struck};
pub use terminal::Terminal;
pub use wait::{PATIENCE, wait_until};
