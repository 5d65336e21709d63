//! How far an operation has come, where only a listing tells.

use pgfleet_model::ResourceRef;
use pgfleet_planner::Standing;
use pgfleet_provider::{ErrorKind, Progress, ProviderError, Retry};

/// Turns a standing into the answer of a poll. `look` says where the platform tells more of an
/// instance that cannot come to what was asked.
pub(crate) fn progress(
    standing: Standing,
    resource: &ResourceRef,
    look: &str,
) -> Result<Progress, ProviderError> {
    match standing {
        Standing::Done => Ok(Progress::Done),
        Standing::Running => Ok(Progress::Running { retry_after: None }),
        Standing::NotBegun => {
            let why = format!("{resource} is not as asked");
            Err(ProviderError::new(ErrorKind::Conflict, why).retry(Retry::Reobserve))
        }
        Standing::Failed(why) => Err(ProviderError::new(ErrorKind::Internal, why)
            .remedy(format!("look at {look}, then run the command again"))),
    }
}
