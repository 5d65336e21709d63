//! Nothing that is not the fleet's is altered: looked at just before each call.

use pgfleet_model::{Mutation, Owner, Region, ResourceRef};
use pgfleet_provider::{ErrorKind, ProviderError};

/// Refuses what would alter an instance that does not bear the fleet's tags.
pub(crate) fn is_ours(mutation: &Mutation, seen: Option<&Owner>) -> Result<(), ProviderError> {
    let Mutation {
        resource, owner, ..
    } = mutation;
    if seen.is_some_and(|seen| seen.fleet == owner.fleet) {
        return Ok(());
    }
    let why = format!("{resource} does not belong to the fleet {}", owner.fleet);
    Err(ProviderError::new(ErrorKind::Refused, why)
        .remedy("give the instance another name in the plan file, or let pgfleet adopt it"))
}

/// Where names are unique whatever the region, refuses an instance in another region than the one
/// that is meant: it is another instance.
pub(crate) fn is_there(
    resource: &ResourceRef,
    seen: &Region,
    remedy: &str,
) -> Result<(), ProviderError> {
    if *seen == resource.region {
        return Ok(());
    }
    let why = format!("{resource} is in {seen} and not in {}", resource.region);
    Err(ProviderError::new(ErrorKind::Refused, why).remedy(remedy))
}
