//! Classes: what a size of the vendor holds.

use std::sync::Arc;

use crate::Gib;

/// The kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// Intel or AMD.
    X86,
    /// ARM: Graviton, Axion.
    Arm64,
}

/// A size of the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct Class {
    /// The vendor's word.
    pub name: Arc<str>,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory.
    pub memory: Gib,
    /// The kind of processor.
    pub arch: Arch,
    /// Whether its processors are shared or throttled by credits.
    pub burstable: bool,
    /// Whether the vendor still counts it among the current ones.
    pub current_generation: bool,
    /// Whether the facts say in which sizes its family is offered. Where they do not, the class may
    /// be named in a plan file but is not picked for a portable size.
    pub picked: bool,
    /// The meter that bills it, where it is not billed under its own name: a family's price per
    /// vCore (Azure), or a series' prices per vCPU and GiB (Google).
    pub(crate) meter: Option<Arc<str>>,
}

impl Class {
    /// Memory in GiB.
    pub fn memory_gib(&self) -> Gib {
        self.memory
    }
}
