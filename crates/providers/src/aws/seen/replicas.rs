//! Replicas that an instance names and a listing does not show.
//!
//! RDS lists what it makes a moment after it has taken the call, and names for a moment what it has
//! deleted. An instance tells of its replicas itself, so that one which is not listed is known
//! nevertheless: RDS would promote it with the deletion of its source.

use std::collections::BTreeSet;

use pgfleet_model::{
    FleetName, ObservedInstance, Phase, Region, ResourceRef, UNLISTED_REPLICAS, Value,
};
use pgfleet_provider::{ErrorKind, ProviderError};

use crate::aws::{
    observe::Listed,
    seen::{Known, Seen},
};

/// Stands behind the name of a region that may not be listed.
const CLOSED: &str = " (a region that may not be listed)";

/// Sets on each of pgfleet's own instances which of its replicas the listing lacks, and says whether
/// another may show them. What was seen before and is not listed any more has gone: it is not among
/// them. What lies in a region that may not be listed is, and no listing will show it.
pub(in crate::aws) fn mark(all: &mut [Listed], seen: &Seen, left_out: &BTreeSet<Region>) -> bool {
    let there: BTreeSet<ResourceRef> = all
        .iter()
        .map(|one| one.instance.resource.clone())
        .collect();
    let mut any = false;
    for Listed {
        instance, replicas, ..
    } in all
    {
        if instance.owner.is_none() || instance.phase == Phase::Deleting {
            continue;
        }
        let lacking = replicas
            .iter()
            .filter(|replica| !there.contains(replica) && seen.of(replica).is_none());
        let lacking: Vec<&ResourceRef> = lacking.collect();
        any |= lacking
            .iter()
            .any(|replica| !left_out.contains(&replica.region));
        let names: BTreeSet<String> = lacking
            .into_iter()
            .map(|replica| {
                let region = &replica.region;
                let closed = if left_out.contains(region) {
                    CLOSED
                } else {
                    ""
                };
                format!("{replica} in {region}{closed}")
            })
            .collect();
        if !names.is_empty() {
            let settings = &mut instance.attributes.settings;
            settings.insert(UNLISTED_REPLICAS.to_owned(), Value::List(names));
        }
    }
    any
}

/// The replicas of an instance that its listing lacks.
pub(in crate::aws) fn unlisted(live: &ObservedInstance) -> impl Iterator<Item = &str> {
    let names = live
        .attributes
        .list(UNLISTED_REPLICAS)
        .into_iter()
        .flatten();
    names.map(String::as_str)
}

/// Those of them that no listing will show.
pub(in crate::aws) fn closed(live: &ObservedInstance) -> impl Iterator<Item = &str> {
    unlisted(live).filter_map(|name| name.strip_suffix(CLOSED))
}

/// Refuses to delete an instance under replicas that are not the fleet's: some may have come since
/// the plan was made.
pub(in crate::aws) fn is_left_by_all(
    resource: &ResourceRef,
    fleet: &FleetName,
    known: &Known,
    seen: &Seen,
) -> Result<(), ProviderError> {
    let is_ours = |replica: &&ResourceRef| {
        let owner = seen.of(replica).and_then(|replica| replica.owner);
        owner.is_some_and(|owner| owner.fleet == *fleet)
    };
    let Some(other) = known.replicas.iter().find(|replica| !is_ours(replica)) else {
        return Ok(());
    };
    let why = format!(
        "{resource} has a replica that the plan does not know: {other} in {}; RDS would promote it",
        other.region
    );
    Err(ProviderError::new(ErrorKind::Refused, why)
        .remedy("run the same command again, which then says what to do about it"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::{DbInstance, Tag};

    use super::*;
    use crate::aws::observe::listed;

    /// An instance of the fleet `truck` that names these replicas.
    fn ours(id: &str, replicas: &[&str]) -> Listed {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let named = replicas.iter().map(ToString::to_string).collect();
        let live = DbInstance::builder()
            .db_instance_identifier(id)
            .db_instance_status("available")
            .tag_list(tag("managed-by", "pgfleet"))
            .tag_list(tag("pgfleet-fleet", "truck"))
            .tag_list(tag("pgfleet-address", "primary"))
            .set_read_replica_db_instance_identifiers(Some(named));
        listed(&live.build(), &Region::new("us-east-1")).unwrap()
    }

    #[test]
    fn what_an_instance_names_and_the_listing_lacks_is_marked() {
        let far = "arn:aws:rds:eu-west-1:123456789012:db:theirs";
        let mut all = [ours("one", &["two", "three", far]), ours("two", &[])];
        assert!(mark(&mut all, &Seen::default(), &BTreeSet::new()));
        let names: Vec<&str> = unlisted(&all[0].instance).collect();
        assert_eq!(names, ["theirs in eu-west-1", "three in us-east-1"]);
        assert_eq!(unlisted(&all[1].instance).count(), 0);
    }

    #[test]
    fn no_listing_is_waited_for_that_shows_what_lies_in_a_closed_region() {
        let far = "arn:aws:rds:eu-south-2:123456789012:db:theirs";
        let left_out = BTreeSet::from([Region::new("eu-south-2")]);
        let mut all = [ours("one", &[far])];
        assert!(!mark(&mut all, &Seen::default(), &left_out));
        let names: Vec<&str> = closed(&all[0].instance).collect();
        assert_eq!(names, ["theirs in eu-south-2"]);
        assert_eq!(unlisted(&all[0].instance).count(), 1);
        let mut all = [ours("one", &[far, "two"])];
        assert!(mark(&mut all, &Seen::default(), &left_out));
        assert_eq!(closed(&all[0].instance).count(), 1);
    }

    #[test]
    fn what_was_listed_before_has_gone_and_hinders_nothing() {
        let seen = Seen::default();
        seen.note(&ours("two", &[]));
        let mut all = [ours("one", &["two"])];
        assert!(!mark(&mut all, &seen, &BTreeSet::new()));
        let fleet = "truck".parse().unwrap();
        seen.note(&all[0]);
        let resource = &all[0].instance.resource;
        let leaves = |seen: &Seen| {
            let known = seen.of(resource).unwrap();
            is_left_by_all(resource, &fleet, &known, seen)
        };
        assert_eq!(leaves(&seen), Ok(()));
        // One that came since the plan was made is none that may be promoted along the way.
        seen.note(&ours("one", &["two", "new"]));
        assert!(
            leaves(&seen)
                .unwrap_err()
                .message
                .contains("new in us-east-1")
        );
    }
}
