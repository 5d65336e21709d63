//! Rules that are about a fleet as a whole.

use super::*;

#[test]
fn a_replica_with_a_standby_is_refused() {
    let text = file(
        &format!("size = '{MIDDLE}'\nmulti_az = true"),
        "count = 1\nmulti_az = true",
        "",
    );
    refuses(&text, Vec::new(), "azure/replica-ha");
}

#[test]
fn a_burstable_primary_with_replicas_is_refused_and_one_without_is_not() {
    refuses(
        &usual("Standard_B2s", ""),
        Vec::new(),
        "azure/burstable-primary",
    );
    accepts(&file("size = 'Standard_B2s'", "count = 0", ""), Vec::new());
}

#[test]
fn a_burstable_replica_is_refused() {
    let text = file(
        &format!("size = '{SMALL}'"),
        "count = 1\nsize = 'Standard_B20ms'",
        "",
    );
    refuses(&text, Vec::new(), "azure/burstable-replica");
}

#[test]
fn a_burstable_server_with_a_standby_is_refused() {
    let text = file("size = 'Standard_B2s'\nmulti_az = true", "count = 0", "");
    refuses(&text, Vec::new(), "azure/burstable-ha");
}

#[test]
fn a_replica_with_less_compute_than_its_primary_is_refused() {
    let replicas = format!("count = 1\nsize = '{SMALL}'");
    let text = file(&format!("size = '{MIDDLE}'"), &replicas, "");
    refuses(&text, Vec::new(), "azure/smaller-replica");
    let replicas = format!("count = 1\nsize = '{LARGE}'");
    accepts(
        &file(&format!("size = '{MIDDLE}'"), &replicas, ""),
        Vec::new(),
    );
}

#[test]
fn a_replica_with_a_smaller_disk_than_its_primary_is_refused() {
    let primary = format!("size = '{MIDDLE}'\nstorage = {{ gib = 256 }}");
    let text = file(&primary, "count = 1\nstorage = { gib = 128 }", "");
    let grown = || altered(MIDDLE, |one| one.attributes.storage.gib = Some(256));
    // Whatever is there: nothing, a fleet, one whose disks have grown, its primary alone.
    for there in [Vec::new(), live(MIDDLE), grown(), grown()[..1].to_vec()] {
        refuses(&text, there, "azure/smaller-replica");
    }
    let equal = text.replace("gib = 128", "gib = 256");
    accepts(&equal, Vec::new());
    accepts(&text.replace("storage = { gib = 128 }", ""), Vec::new());
    // A primary's disk that has grown by itself enlarges a new replica's.
    let written = equal.replace("gib = 256", "gib = 128");
    let plan = accepts(&written, grown()[..1].to_vec());
    let replica = &plan.desired.instances[&"replica-1".parse().unwrap()];
    assert_eq!(replica.attributes.storage.gib, Some(256));
}

#[test]
fn five_replicas_are_made_and_a_sixth_is_refused() {
    let of = |count: u32| {
        file(
            &format!("size = '{SMALL}'"),
            &format!("count = {count}"),
            "",
        )
    };
    accepts(&of(5), Vec::new());
    refuses(&of(6), Vec::new(), "azure/replica-limit");
}

#[test]
fn replicas_of_a_replica_are_not_made() {
    let follows = "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n\
                   [primary]\nexisting = 'orders'\n[[replicas]]\ncount = 1\n\
                   size = 'Standard_D2ds_v5'\n";
    let theirs = |source: Option<&str>| {
        let mut theirs = server("primary", SMALL);
        theirs.owner = None;
        theirs.resource.id = ResourceId::new("orders");
        theirs.source = source.map(|id| ResourceRef {
            id: ResourceId::new(id),
            ..theirs.resource.clone()
        });
        vec![theirs]
    };
    accepts(follows, theirs(None));
    refuses(follows, theirs(Some("first")), "azure/cascade");
    let nothing = planned(follows, Vec::new());
    let missing = |check: &pgfleet_model::Check| check.code == "primary/existing";
    assert!(nothing.is_refused() && nothing.checks.iter().any(missing));
}

#[test]
fn a_replica_that_the_plan_does_not_know_counts() {
    let mut all = live(SMALL);
    let mut stranger = server("replica-3", SMALL);
    stranger.owner = None;
    stranger.resource.id = ResourceId::new("theirs");
    all.push(stranger);
    let text = file(&format!("size = '{SMALL}'"), "count = 5", "");
    refuses(&text, all, "azure/replica-limit");
}

/// The usual fleet, and a replica of somebody else's below the first replica of it.
fn with_one_below(size: &str) -> Vec<ObservedInstance> {
    let mut all = live(size);
    let mut below = server("replica-3", size);
    below.owner = None;
    below.resource.id = ResourceId::new("below");
    below.source = Some(all[1].resource.clone());
    all.push(below);
    all
}

#[test]
fn replicas_are_counted_by_whom_they_follow() {
    let five = file(&format!("size = '{SMALL}'"), "count = 5", "");
    accepts(&five, with_one_below(SMALL));
}

#[test]
fn a_replica_of_somebody_else_s_keeps_the_replica_that_it_follows_from_growing() {
    let plan = planned(&usual(LARGE, ""), with_one_below(MIDDLE));
    assert!(plan.is_refused());
    let mut checks = plan.checks.iter();
    let check = checks.find(|check| check.code == "azure/smaller-replica");
    let address = check.unwrap().address.as_ref().unwrap();
    assert_eq!(address.to_string(), "replica-1");
}

#[test]
fn a_replica_of_somebody_else_s_that_is_too_small_keeps_the_primary_from_growing() {
    let mut all = live(MIDDLE);
    let mut stranger = server("replica-3", MIDDLE);
    stranger.owner = None;
    stranger.resource.id = ResourceId::new("theirs");
    all.push(stranger);
    refuses(&usual(LARGE, ""), all, "azure/smaller-replica");
}

#[test]
fn a_disk_that_has_grown_is_neither_shrunk_nor_replaced() {
    let grown = altered(SMALL, |one| one.attributes.storage.gib = Some(256));
    let plan = accepts(&usual(SMALL, "storage = { gib = 128 }"), grown);
    assert_eq!(order(&plan), [""; 0]);
    let drift = &plan.set.drift;
    assert!(
        drift.iter().all(|one| one.reason == DriftReason::Grown),
        "{drift:?}"
    );
    assert_eq!(drift.len(), 3);
}

/// The primary's disk alone has grown by itself.
fn with_a_grown_primary(mut all: Vec<ObservedInstance>) -> Vec<ObservedInstance> {
    all[0].attributes.storage.gib = Some(256);
    all
}

#[test]
fn a_primary_whose_disk_has_grown_alone_is_as_planned() {
    let storage = "storage = { gib = 128 }";
    let plan = accepts(&usual(SMALL, storage), with_a_grown_primary(live(SMALL)));
    assert_eq!(order(&plan), [""; 0]);
    let drift: Vec<_> = plan.set.drift.iter().map(|one| one.reason).collect();
    assert_eq!(drift, [DriftReason::Grown]);
    // What else changes is in nobody's way, and a new replica begins with the live disk.
    let plan = accepts(&usual(MIDDLE, storage), with_a_grown_primary(live(SMALL)));
    assert_eq!(order(&plan).len(), 3);
    let three = file(&format!("size = '{SMALL}'\n{storage}"), "count = 3", "");
    let plan = accepts(&three, with_a_grown_primary(live(SMALL)));
    let new = plan.set.effective().next().unwrap();
    assert_eq!(new.after.as_ref().unwrap().storage.gib, Some(256));
}

#[test]
fn a_primary_of_somebody_else_s_that_has_grown_keeps_its_replicas() {
    let follows = |count: u32| {
        format!(
            "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n[primary]\n\
             existing = 'truck-primary'\n[[replicas]]\ncount = {count}\nsize = '{SMALL}'\n\
             storage = {{ gib = 128 }}\n"
        )
    };
    let mut all = with_a_grown_primary(live(SMALL));
    all[0].owner = None;
    assert_eq!(order(&accepts(&follows(2), all.clone())), [""; 0]);
    assert_eq!(order(&accepts(&follows(3), all)), ["replica-3 create"]);
}

#[test]
fn a_replica_of_somebody_else_s_is_in_the_way_of_what_changes_only() {
    let stranger = |alter: fn(&mut ObservedInstance)| {
        let mut all = with_a_grown_primary(live(SMALL));
        let mut stranger = server("replica-3", SMALL);
        stranger.owner = None;
        stranger.resource.id = ResourceId::new("theirs");
        alter(&mut stranger);
        all.push(stranger);
        all
    };
    let larger = stranger(|theirs| theirs.attributes.size = Some(LARGE.to_owned()));
    accepts(&usual(MIDDLE, "storage = { gib = 128 }"), larger.clone());
    let growing = usual(SMALL, "storage = { gib = 512 }");
    refuses(&growing, larger.clone(), "azure/smaller-replica");
    let growing = usual(SMALL, "storage = { autogrow = true }");
    refuses(&growing, larger, "azure/smaller-replica");
}

#[test]
fn a_replica_grows_where_its_primary_does() {
    let primary = format!("size = '{SMALL}'\nstorage = {{ gib = 128, autogrow = true }}");
    let of = |replicas: &str| file(&primary, replicas, "");
    let fixed = of("count = 2\nstorage = { autogrow = false }");
    refuses(&fixed, Vec::new(), "azure/replica-autogrow");
    accepts(&of("count = 2"), Vec::new());
    // Somebody has switched it on, and the plan leaves it.
    let on = || altered(SMALL, |one| one.attributes.storage.autogrow = Some(true));
    let silent = format!("size = '{SMALL}'");
    let fixed = file(&silent, "count = 2\nstorage = { autogrow = false }", "");
    refuses(&fixed, on(), "azure/replica-autogrow");
    accepts(&usual(SMALL, "storage = { autogrow = false }"), on());
}

#[test]
fn a_new_replica_s_disk_is_as_the_live_primary_s_where_the_plan_does_not_say() {
    let second = |one: &mut ObservedInstance| {
        let disk = &mut one.attributes.storage;
        disk.kind = Some("premium-ssd-v2".to_owned());
        (disk.iops, disk.throughput) = (Some(4000), Some(200));
    };
    let made = |text: &str, live: Vec<ObservedInstance>, address: &str| {
        let plan = accepts(text, live);
        let address = address.parse().unwrap();
        plan.desired.instances[&address].attributes.storage.clone()
    };
    let text = file(&format!("size = '{SMALL}'"), "count = 3", "");
    let disk = made(&text, altered(SMALL, second), "replica-3");
    assert_eq!(disk.kind.as_deref(), Some("premium-ssd-v2"));
    assert_eq!((disk.iops, disk.throughput), (Some(4000), Some(200)));
    let grows = |one: &mut ObservedInstance| one.attributes.storage.autogrow = Some(true);
    let disk = made(&text, altered(SMALL, grows), "replica-3");
    assert_eq!(disk.autogrow, Some(true));
    // So is one of a primary that the plan does not own.
    let mut other = server("primary", SMALL);
    second(&mut other);
    other.owner = None;
    let existing = "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n[primary]\n\
                    existing = 'truck-primary'\n[[replicas]]\ncount = 1\n";
    let disk = made(existing, vec![other], "replica-1");
    assert_eq!((disk.iops, disk.throughput), (Some(4000), Some(200)));
    // What the group says is its own, and another kind has its own numbers.
    let group = "count = 3\nstorage = { type = 'premium-ssd' }";
    let text = file(&format!("size = '{SMALL}'"), group, "");
    let mut all = altered(SMALL, |_| {});
    second(&mut all[0]);
    let disk = made(&text, all, "replica-3");
    assert_eq!((disk.iops, disk.throughput), (None, None));
}

#[test]
fn a_replica_that_is_there_keeps_the_disk_that_it_has_where_the_plan_does_not_say() {
    let mut all = live(SMALL);
    all[0].attributes.storage.autogrow = Some(true);
    all[0].attributes.storage.kind = Some("premium-ssd-v2".to_owned());
    all[0].attributes.storage.iops = Some(4000);
    let plan = accepts(&usual(SMALL, ""), all);
    assert_eq!(order(&plan), [""; 0]);
}

#[test]
fn a_replica_that_can_be_mended_is_not_made_anew_without_a_word() {
    for word in ["Disabled", "Inaccessible"] {
        let mut all = live(SMALL);
        all[1].phase = Phase::Failed;
        word.clone_into(&mut all[1].raw_phase);
        refuses(&usual(SMALL, ""), all.clone(), "azure/down");
        // One that is to go goes.
        all.swap(1, 2);
        let fewer = file(&format!("size = '{SMALL}'"), "count = 0", "");
        accepts(&fewer, all);
    }
}

#[test]
fn an_existing_primary_that_is_not_there_is_all_that_is_wrong() {
    let text = "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n[primary]\n\
                existing = 'other'\n[[replicas]]\ncount = 2\n";
    let plan = planned(text, Vec::new());
    let errors = plan
        .checks
        .iter()
        .filter(|check| check.severity == Severity::Error);
    let codes: Vec<&str> = errors.map(|check| check.code.as_str()).collect();
    assert_eq!(codes, ["primary/existing"]);
}
