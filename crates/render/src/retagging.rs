//! What `adopt` and `release` are about to do.

use std::fmt::Write as _;

use pgfleet_planner::Retagging;

/// The tags that are to be set and taken off, a line for each instance.
pub fn retagging_text(all: &[Retagging]) -> String {
    let mut out = String::new();
    for retag in all.iter().flat_map(|retagging| &retagging.retags) {
        // Writing to a string cannot fail.
        let _ = match &retag.owner {
            Some(owner) => writeln!(
                out,
                "  + {}   becomes {} of {}",
                retag.resource, owner.address, owner.fleet
            ),
            None => writeln!(out, "  - {}   is nobody's from now on", retag.resource),
        };
    }
    if out.is_empty() {
        out.push_str("Nothing to change.\n");
    }
    out
}
