//! What keeps fleets from being planned, and how it is told.

use pgfleet_model::FleetName;
use pgfleet_provider::ProviderError;
use pgfleet_spec::Spec;

use crate::{exit::Exit, ui::Ui};

/// Something that keeps one fleet from being planned.
#[derive(Clone)]
pub(crate) struct Problem {
    pub(crate) fleet: FleetName,
    pub(crate) error: ProviderError,
    /// How the command ends for it.
    pub(crate) exit: Exit,
}

impl Problem {
    /// A failure that ends the command with 1 for this fleet.
    pub(crate) fn of(spec: &Spec, error: ProviderError) -> Self {
        Self {
            fleet: spec.fleet.clone(),
            error,
            exit: Exit::Failed,
        }
    }
}

/// Tells every problem, each with its fleet, the same problem of several fleets once.
pub(crate) fn tell(problems: &[Problem], ui: Ui) -> Exit {
    let mut told: Vec<&ProviderError> = Vec::new();
    for Problem { fleet, error, .. } in problems {
        if told.contains(&error) {
            continue;
        }
        told.push(error);
        ui.problem(&format!("{fleet}: {}", error.message), &error.remedy);
    }
    Exit::of_all(problems.iter().map(|problem| problem.exit))
}
