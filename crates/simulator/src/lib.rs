//! Simulated cloud APIs on loopback: strict, stateful, and failing on demand.
//!
//! Each cloud has a folder: `aws`, `azure` and `gcp`. `cloud` is what they have in common, and all that
//! server, faults, log and state's file know of them; they share one port, told apart by the path.
//! A cloud is written from the vendor's documentation and shares no code with the providers, so that
//! one misreading cannot pass on both sides. It must know nothing of plans, fleets or clients.
//!
//! ```
//! use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let simulator = Simulator::builder().clock(Clock::AtOnce).start().await?;
//! println!("AWS_ENDPOINT_URL={}", simulator.endpoint());
//! // The answer to the next creation is lost, though the instance is made.
//! simulator.control().fault(Fault::new(FaultEffect::LoseAnswer).on("CreateDBInstance"));
//! assert_eq!(simulator.control().request_count(), 0);
//! simulator.shutdown().await;
//! # Ok(())
//! # })
//! # }
//! ```

mod aws;
mod azure;
mod clock;
mod cloud;
mod control;
mod faults;
mod gcp;
mod log;
mod marker;
mod percent;
mod server;
mod shared;
mod simulator;
mod store;
mod tls;
mod uuid;

pub use aws::{AwsGroup, AwsOptions, AwsTiming};
pub use azure::{
    AzureOptions, AzureTiming, Denied as AzureDenied, OperationAddresses as AzureAddresses,
    Region as AzureRegion, ResourceGroup as AzureResourceGroup, Role as AzureRole,
    Size as AzureSize,
};
pub use clock::Clock;
pub use cloud::{CloudName, Rate};
pub use faults::{Fault, FaultEffect};
pub use gcp::{GcpOptions, GcpTiming};
pub use log::Record;
pub use simulator::{Builder, Control, Simulator};
pub use store::StartError;
