//! What `adopt` and `release` are about to do.

use pgfleet_model::{FleetName, ResourceRef};
use pgfleet_planner::Retagging;

use crate::{
    table::{Table, hanging},
    units::count,
};

/// The tags of one fleet that are to be set or taken off, a line for each instance; where there are
/// none, what was looked for. `verb` is `adopt` or `release`.
pub fn retagging_text(verb: &str, fleet: &FleetName, retagging: &Retagging) -> String {
    let Retagging {
        retags,
        settled,
        missing,
        refusals: _,
    } = retagging;
    if retags.is_empty() {
        let found = found(verb, fleet, settled, missing);
        return hanging("", &format!("Nothing to {verb}: {found}."));
    }
    let mut table = Table::default();
    for retag in retags {
        let (sign, becomes) = match &retag.owner {
            Some(owner) => ("+", format!("becomes {} of {}", owner.address, owner.fleet)),
            None => ("-", "is nobody's from now on".to_owned()),
        };
        table.row([format!("  {sign} {}", retag.resource), becomes]);
    }
    table.lines().join("\n") + "\n"
}

/// Why no tags are to be changed.
fn found(
    verb: &str,
    fleet: &FleetName,
    settled: &[ResourceRef],
    missing: &[ResourceRef],
) -> String {
    let names = |list: &[ResourceRef]| {
        let names: Vec<String> = list.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    match (settled, missing) {
        ([], []) if verb == "adopt" => "the plan names no instance of its own".to_owned(),
        ([], []) => format!("no instance bears the tags of the fleet {fleet}"),
        ([], [one]) => format!("the plan names {one}, which does not exist"),
        ([], missing) => format!("the plan names {}, and none of them exists", names(missing)),
        (settled, []) => format!(
            "the {} of the plan {} pgfleet's tags already",
            count(settled.len(), "instance"),
            bear(settled)
        ),
        (settled, missing) => format!(
            "{} of the plan {} pgfleet's tags already, and {} not exist",
            count(settled.len(), "instance"),
            bear(settled),
            match missing {
                [one] => format!("{one} does"),
                several => format!("{} do", names(several)),
            }
        ),
    }
}

fn bear(instances: &[ResourceRef]) -> &'static str {
    match instances {
        [_] => "bears",
        _ => "bear",
    }
}

#[cfg(test)]
mod tests {
    use pgfleet_model::{Region, ResourceId};

    use super::*;

    #[test]
    fn who_adopts_or_releases_nothing_reads_what_was_looked_for() {
        let named = |names: &[&str]| -> Vec<ResourceRef> {
            let resource = |name: &&str| ResourceRef {
                region: Region::new("us-east-1"),
                id: ResourceId::new(*name),
            };
            names.iter().map(resource).collect()
        };
        let fleet: FleetName = "food".parse().unwrap();
        let told = |verb: &str, settled: &[&str], missing: &[&str]| {
            let retagging = Retagging {
                settled: named(settled),
                missing: named(missing),
                ..Retagging::default()
            };
            retagging_text(verb, &fleet, &retagging)
        };
        assert_eq!(
            told("adopt", &["a", "b"], &[]),
            "Nothing to adopt: the 2 instances of the plan bear pgfleet's tags already.\n"
        );
        assert_eq!(
            told("adopt", &[], &["a", "b"]),
            "Nothing to adopt: the plan names a, b, and none of them exists.\n"
        );
        assert_eq!(
            told("adopt", &["a"], &["b"]),
            "Nothing to adopt: 1 instance of the plan bears pgfleet's tags already, and b\ndoes \
             not exist.\n"
        );
        assert_eq!(
            told("release", &[], &[]),
            "Nothing to release: no instance bears the tags of the fleet food.\n"
        );
    }
}
