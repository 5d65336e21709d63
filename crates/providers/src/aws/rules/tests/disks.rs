//! Disks: how large, how fast, and what of them changes in which call.

use super::*;

#[test]
fn storage_never_shrinks() {
    let mut primary = live("primary");
    primary.attributes.storage.gib = Some(200);
    let plan = planned(&file("storage = { gib = 100 }", ""), [primary]);
    assert_eq!(calls(&plan), [""; 0]);
    assert_eq!(plan.set.drift.len(), 1);
}

#[test]
fn storage_changes_once_in_six_hours_and_not_while_it_is_optimized() {
    let larger = file("storage = { gib = 500 }", "");
    let plan = planned(&larger, [live("primary")]);
    takes(&plan);
    assert!(codes(&plan, Severity::Note).contains(&"aws/storage-once-in-six-hours"));
    let mut primary = live("primary");
    primary.raw_phase = "storage-optimization".to_owned();
    refuses(
        &planned(&larger, [primary.clone()]),
        "aws/storage-optimization",
    );
    // Everything else can be done meanwhile.
    let resized = file("", "").replace("db.m5.large", "db.m5.xlarge");
    takes(&planned(&resized, [primary]));
}

#[test]
fn size_and_iops_go_in_one_call() {
    let larger = file("storage = { gib = 500, iops = 13000 }", "");
    let plan = planned(&larger, [live("primary")]);
    assert_eq!(calls(&plan), ["ModifyDBInstance truck-primary"]);
}

/// A primary on such a disk.
fn on_disk(kind: &str, gib: u32, iops: u32) -> ObservedInstance {
    let mut primary = live("primary");
    primary.attributes.storage = Storage {
        gib: Some(gib),
        kind: Some(kind.to_owned()),
        iops: Some(iops),
        ..Storage::default()
    };
    primary
}

#[test]
fn a_provisioned_disk_s_size_and_iops_go_in_one_call_whichever_changes() {
    for (live, storage, sent) in [
        (on_disk("io1", 100, 1000), "gib = 200", Some((200, 1000))),
        (
            on_disk("io2", 100, 1000),
            "gib = 200, iops = 1000",
            Some((200, 1000)),
        ),
        (
            on_disk("io1", 100, 1000),
            "gib = 100, iops = 2000",
            Some((100, 2000)),
        ),
        (
            on_disk("gp3", 500, 12_000),
            "gib = 600",
            Some((600, 12_000)),
        ),
        (
            on_disk("gp3", 500, 14_000),
            "gib = 600",
            Some((600, 14_000)),
        ),
        (
            on_disk("gp3", 500, 12_000),
            "iops = 13000",
            Some((500, 13_000)),
        ),
        (
            on_disk("gp3", 500, 12_000),
            "throughput = 600",
            Some((500, 12_000)),
        ),
        // A disk that has grown by itself keeps its size.
        (
            on_disk("io1", 300, 1000),
            "gib = 100, iops = 2000",
            Some((300, 2000)),
        ),
        // What a small disk of gp3 has is refused for a large one.
        (on_disk("gp3", 300, 3000), "gib = 400", Some((400, 12_000))),
        (
            on_disk("gp3", 300, 3000),
            "gib = 400, iops = 13000",
            Some((400, 13_000)),
        ),
        (on_disk("gp3", 300, 3000), "gib = 399", None),
        // Another type, of which the operations are said already.
        (
            on_disk("io1", 500, 16_000),
            "type = 'gp3', iops = 16000",
            Some((500, 16_000)),
        ),
        (
            on_disk("io1", 500, 1000),
            "type = 'gp3'",
            Some((500, 12_000)),
        ),
        (
            on_disk("gp3", 100, 3000),
            "type = 'io1', iops = 3000",
            Some((100, 3000)),
        ),
        (on_disk("io1", 100, 1000), "type = 'gp3'", None),
    ] {
        let plan = planned(&file(&format!("storage = {{ {storage} }}"), ""), [live]);
        takes(&plan);
        assert_eq!(
            calls(&plan),
            ["ModifyDBInstance truck-primary"],
            "{storage}"
        );
        let words = words(&plan, 0);
        match sent {
            Some((gib, iops)) => {
                let size = words.contains(&format!("--allocated-storage {gib} "));
                let operations = words.contains(&format!("--iops {iops} "));
                assert!(size && operations, "{storage}: {words}");
            }
            None => assert!(!words.contains("--iops"), "{storage}: {words}"),
        }
    }
    // Nothing of a disk changes where something else does.
    let resized = file("", "").replace("db.m5.large", "db.m5.xlarge");
    let plan = planned(&resized, [on_disk("io1", 100, 1000)]);
    assert!(!words(&plan, 0).contains("--iops"));
}

#[test]
fn a_disk_of_gp3_is_large_by_what_it_has_grown_to() {
    let fast = file("storage = { gib = 300, iops = 13000 }", "");
    refuses(&planned(&fast, [on_disk("gp3", 300, 3000)]), "aws/gp3-iops");
    takes(&planned(&fast, [on_disk("gp3", 500, 12_000)]));
    let silent = file("storage = { iops = 13000 }", "");
    refuses(
        &planned(&silent, [on_disk("gp3", 300, 3000)]),
        "aws/gp3-iops",
    );
}

#[test]
fn gp3_below_400_gib_takes_no_iops() {
    for more in ["iops = 4000", "throughput = 250"] {
        let small = file(&format!("storage = {{ gib = 399, {more} }}"), "");
        refuses(&planned(&small, []), "aws/gp3-iops");
    }
    takes(&planned(
        &file("storage = { gib = 400, iops = 13000 }", ""),
        [],
    ));
}

#[test]
fn io1_and_io2_are_made_with_a_number_of_iops() {
    for kind in ["io1", "io2"] {
        let without = file(&format!("storage = {{ gib = 100, type = '{kind}' }}"), "");
        refuses(&planned(&without, []), "aws/iops-required");
        let with = without.replace("gib = 100", "gib = 100, iops = 1000");
        takes(&planned(&with, []));
        // Nor does a disk become one without.
        let mut slow = on_disk("gp2", 100, 0);
        slow.attributes.storage.iops = None;
        refuses(&planned(&without, [slow]), "aws/iops-required");
        takes(&planned(&without, [on_disk(kind, 100, 1000)]));
    }
}

#[test]
fn a_disk_grows_by_itself_to_a_tenth_more_at_least() {
    let to = |gib| {
        file(
            &format!("storage = {{ gib = 100, autogrow_to_gib = {gib} }}"),
            "",
        )
    };
    refuses(&planned(&to(109), []), "aws/autogrow");
    takes(&planned(&to(110), []));
    // What has grown since stays as it is.
    let mut primary = live("primary");
    primary.attributes.storage.gib = Some(109);
    primary.attributes.storage.autogrow_to_gib = Some(110);
    takes(&planned(&to(110), [primary]));
}

#[test]
fn a_disk_that_is_there_gets_another_end_by_the_same_rule() {
    let to = |gib| file(&format!("storage = {{ autogrow_to_gib = {gib} }}"), "");
    let mut primary = live("primary");
    primary.attributes.storage.gib = Some(480);
    refuses(&planned(&to(500), [primary.clone()]), "aws/autogrow");
    takes(&planned(&to(528), [primary.clone()]));
    // It has that end already.
    primary.attributes.storage.autogrow_to_gib = Some(500);
    takes(&planned(&to(500), [primary.clone()]));
    for there in [vec![], vec![primary]] {
        refuses(&planned(&to(65_537), there.clone()), "aws/autogrow");
        takes(&planned(&to(65_536), there));
    }
}

#[test]
fn only_gp3_takes_throughput_and_gp2_takes_no_iops() {
    let of = |kind: &str, more: &str| {
        let storage = format!("storage = {{ gib = 500, type = '{kind}', {more} }}");
        planned(&file(&storage, ""), [])
    };
    refuses(&of("gp2", "iops = 3000"), "aws/iops");
    refuses(&of("gp2", "throughput = 500"), "aws/throughput");
    for kind in ["io1", "io2"] {
        let more = "iops = 3000, throughput = 500";
        refuses(&of(kind, more), "aws/throughput");
        takes(&of(kind, "iops = 3000"));
    }
    takes(&of("gp3", "iops = 13000, throughput = 600"));
    // What the plan leaves open is as it is.
    let gp2 = on_disk("gp2", 500, 1500);
    let faster = file("storage = { iops = 3000 }", "");
    refuses(&planned(&faster, [gp2]), "aws/iops");
}

#[test]
fn iops_that_rds_has_rounded_up_are_reached() {
    let to = |iops| file(&format!("storage = {{ iops = {iops} }}"), "");
    let plan = planned(&to(12_500), [on_disk("gp3", 500, 12_000)]);
    assert!(words(&plan, 0).contains("--iops 12500 "));
    assert!(codes(&plan, Severity::Note).contains(&"aws/iops-rounded"));
    let said = plan
        .checks
        .iter()
        .find(|check| check.code == "aws/iops-rounded");
    assert!(said.unwrap().message.contains("12000 become 13200"));
    // What came of it is shown, and nothing is done about it.
    let plan = planned(&to(12_500), [on_disk("gp3", 500, 13_200)]);
    assert_eq!(calls(&plan), [""; 0]);
    assert_eq!(plan.set.drift.len(), 1);
    // More than that was set by somebody else, and less is too little.
    for live in [14_000, 12_400] {
        let plan = planned(&to(12_500), [on_disk("gp3", 500, live)]);
        assert_eq!(calls(&plan), ["ModifyDBInstance truck-primary"], "{live}");
    }
    // A tenth more, and what is lowered, is nothing that is rounded.
    for iops in [13_200, 12_000] {
        let plan = planned(&to(iops), [on_disk("gp3", 500, 12_000)]);
        assert!(!codes(&plan, Severity::Note).contains(&"aws/iops-rounded"));
    }
}

#[test]
fn a_replica_s_disk_is_as_large_as_its_primary_will_be() {
    let words_of = |plan: &FleetPlan| {
        let create = calls(plan)
            .iter()
            .position(|call| call.starts_with("CreateDBInstanceReadReplica"))
            .unwrap();
        words(plan, create)
    };
    let small = "storage = { gib = 50 }";
    let text = replicas(1, small).replace("[primary]", "[primary]\nstorage = { gib = 200 }");
    for there in [vec![], vec![live("primary")]] {
        let plan = planned(&text, there);
        takes(&plan);
        let words = words_of(&plan);
        assert!(words.contains("--allocated-storage 200 "), "{words}");
    }
    let larger = text.replace("gib = 50", "gib = 300");
    assert!(words_of(&planned(&larger, [])).contains("--allocated-storage 300 "));
}

#[test]
fn what_the_plan_leaves_open_is_as_at_the_primary_that_it_does_not_own() {
    let like = |kind: &str, gib, iops, throughput, group: &str| {
        let mut source = theirs("theirs", None);
        source.attributes.storage = Storage {
            throughput,
            ..on_disk(kind, gib, iops).attributes.storage
        };
        let plan = planned(&format!("{}{group}\n", existing(1)), [source]);
        takes(&plan);
        words(&plan, 0)
    };
    let has = |words: &str, wanted: &[&str]| {
        for option in wanted {
            assert!(words.contains(option), "{option} is not in {words}");
        }
    };
    let words = like("io1", 200, 2000, None, "");
    has(&words, &["--storage-type io1 --iops 2000 "]);
    let words = like("gp3", 500, 14_000, Some(600), "");
    has(
        &words,
        &["--storage-type gp3 --iops 14000 --storage-throughput 600 "],
    );
    let words = like("gp3", 100, 3000, Some(125), "");
    has(&words, &["--storage-type gp3 "]);
    assert!(
        !words.contains("--iops") && !words.contains("throughput"),
        "{words}"
    );
    // Its own go before.
    let own = "storage = { type = 'io1', iops = 3000 }";
    has(
        &like("io1", 200, 2000, None, own),
        &["--storage-type io1 --iops 3000 "],
    );
    let words = like("io1", 200, 2000, None, "storage = { type = 'gp3' }");
    assert!(!words.contains("--iops"), "{words}");
}
