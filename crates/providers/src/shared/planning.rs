//! For tests of rules: plans as people come to them, by the text of a plan file.

use std::{path::Path, sync::Arc};

use pgfleet_model::{Inventory, ObservedInstance};
use pgfleet_planner::{FleetPlan, Goal, Platform, plan};
use pgfleet_spec::{Diagnostic, SourceFile, Spec, parse};

/// What a plan file says, or what is wrong with it.
pub(crate) fn parsed(text: &str) -> Result<Spec, Vec<Diagnostic>> {
    let source = SourceFile {
        name: "truck.toml".to_owned(),
        text: text.to_owned(),
    };
    parse(Arc::new(source), Path::new("/"))
}

/// So many tags, as a plan file has them.
pub(crate) fn tags(count: usize) -> String {
    let tags: Vec<String> = (1..=count).map(|tag| format!("t{tag} = 'v'")).collect();
    format!("tags = {{ {} }}\n", tags.join(", "))
}

/// What a plan file makes of what is there.
pub(crate) fn planned(
    platform: &dyn Platform,
    text: &str,
    live: impl IntoIterator<Item = ObservedInstance>,
    goal: Goal,
) -> FleetPlan {
    let inventory: Inventory = live.into_iter().collect();
    plan(&parsed(text).unwrap(), &inventory, platform, goal).unwrap()
}
