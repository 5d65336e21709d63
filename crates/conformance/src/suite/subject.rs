//! Whom the suite examines.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pgfleet_model::ResourceRef;
use pgfleet_provider::Provider;

use super::Words;

/// Whether a subject could do what it was asked to do behind pgfleet's back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// It is done.
    Done,
    /// The subject has no way to do it, for this reason.
    Cannot(String),
}

impl Hook {
    /// What a subject says that has no such hand.
    fn none() -> Self {
        Self::Cannot("the subject has no hand for it".to_owned())
    }
}

/// A provider with its surroundings.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Who it is, for the report.
    fn name(&self) -> &str;

    /// What its plan files must say.
    fn words(&self) -> Words;

    /// Longest that one case may take.
    fn patience(&self) -> Duration;

    /// Makes the place empty, as far as the suite put something there.
    ///
    /// # Errors
    /// Why that is not possible.
    async fn clear(&self) -> Result<(), String>;

    /// A provider as a new process would make it, in the same place as the last.
    fn provider(&self) -> Arc<dyn Provider>;

    /// Whatever of the suite's fleets is still there, beyond what a listing shows.
    async fn leftovers(&self) -> Vec<String> {
        Vec::new()
    }

    /// Removes an instance.
    ///
    /// # Errors
    /// What went wrong, here as below.
    async fn remove(&self, _resource: &ResourceRef) -> Result<Hook, String> {
        Ok(Hook::none())
    }

    /// Stops an instance.
    async fn stop(&self, _resource: &ResourceRef) -> Result<Hook, String> {
        Ok(Hook::none())
    }

    /// Breaks an instance beyond repair.
    async fn damage(&self, _resource: &ResourceRef) -> Result<Hook, String> {
        Ok(Hook::none())
    }

    /// Puts something that is not pgfleet's under a name.
    async fn occupy(&self, _resource: &ResourceRef) -> Result<Hook, String> {
        Ok(Hook::none())
    }

    /// Whether what [`Subject::occupy`] put there is as it was put there. A subject that has no hand
    /// for that one is not asked.
    async fn is_untouched(&self, resource: &ResourceRef) -> bool;

    /// Loses the answer of the first call of every mutation from now on.
    async fn lose_answers(&self) -> Result<Hook, String> {
        Ok(Hook::none())
    }

    /// The calls that [`Subject::lose_answers`] was to strike and of which no answer was lost: a case
    /// in which nothing goes wrong proves nothing. A subject that has no hand for that one is not
    /// asked.
    async fn answers_kept(&self) -> Vec<String>;
}
