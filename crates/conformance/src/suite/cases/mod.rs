//! The cases, by what they are about. Each begins in an empty place.

pub(super) mod building;
pub(super) mod changing;
pub(super) mod claiming;
pub(super) mod limits;
pub(super) mod mending;
pub(super) mod refusing;
