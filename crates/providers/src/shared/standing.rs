//! How far an operation has come, where only a listing tells; and the end of those that nobody else
//! waits for.

use std::time::Duration;

use futures_util::future::BoxFuture;
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

/// Between two questions whether tags are set, where the cloud names no pause.
const PAUSE: Duration = Duration::from_millis(250);
/// How long tags may take to be set.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until tags are set, or taken off: whoever asks for this goes on by what they say. `first` is
/// the pause that the cloud asks for at the beginning.
pub(crate) async fn settled<'a>(
    resource: &ResourceRef,
    first: Option<Duration>,
    ask: impl Fn() -> BoxFuture<'a, Result<Progress, ProviderError>>,
) -> Result<(), ProviderError> {
    let asked = async {
        let mut pause = first;
        loop {
            tokio::time::sleep(pause.unwrap_or(PAUSE)).await;
            match ask().await? {
                Progress::Done => return Ok(()),
                Progress::Running { retry_after } => pause = retry_after,
            }
        }
    };
    let late = |_| {
        let why = format!("the tags of {resource} are not set after two minutes");
        Err(ProviderError::new(ErrorKind::Busy, why).remedy("run the same command again"))
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(late)
}
