//! What every provider must pass, and a platform in memory to try the engine on.
//!
//! [`suite`] runs the same cases on every provider, by what it declares to be able to do.
//! [`memory`] is a cloud in memory with every notion of the contract and every fault that clouds
//! have. [`drive`] goes the way from a plan file's text to a run.
//!
//! ```
//! use std::sync::Arc;
//! use pgfleet_conformance::{drive, memory::{MemoryCloud, MemoryProvider, MemoryRules}};
//! use pgfleet_planner::Goal;
//! use pgfleet_provider::Provider;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! let cloud = MemoryCloud::new(MemoryRules::like_rds());
//! let provider: Arc<dyn Provider> = Arc::new(MemoryProvider::new(cloud.clone()));
//! let plan = "fleet = 'food'\nprovider = 'aws'\nregion = 'here'\n[primary]\nsize = 'm.large'\n";
//! let spec = drive::spec(plan)?;
//! let plan = runtime.block_on(drive::plan_now(provider.as_ref(), &spec, Goal::Apply))?;
//! assert_eq!(plan.steps.len(), 1);
//! assert!(cloud.inventory().instances().is_empty());
//! # Ok(())
//! # }
//! ```

pub mod drive;
pub mod memory;
pub mod suite;
