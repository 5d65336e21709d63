//! Rules that are about one server.

use super::*;

#[test]
fn another_version_is_refused_up_and_down() {
    for version in ["15", "17"] {
        let text = usual(SMALL, "").replace("'16'", &format!("'{version}'"));
        refuses(&text, live(SMALL), "azure/version-change");
    }
}

#[test]
fn another_kind_of_disk_is_refused() {
    let text = usual(SMALL, "storage = { gib = 128, type = 'premium-ssd-v2' }");
    refuses(&text, live(SMALL), "azure/storage-type");
}

#[test]
fn another_subnet_is_refused_and_the_same_in_another_case_is_not() {
    let subnet = |id: &str| {
        let table = format!("[azure]\nsubnet_id = '{id}'");
        file(&format!("size = '{SMALL}'"), "count = 2", &table)
    };
    let inside = |one: &mut ObservedInstance| {
        let id = Value::Text("/subscriptions/S/subnets/Data".to_owned());
        let settings = &mut one.attributes.settings;
        settings.insert(setting::SUBNET.to_owned(), id);
    };
    refuses(
        &subnet("/subscriptions/S/subnets/other"),
        altered(SMALL, inside),
        "azure/subnet",
    );
    let plan = accepts(
        &subnet("/subscriptions/s/Subnets/data"),
        altered(SMALL, inside),
    );
    assert_eq!(order(&plan), [""; 0]);
}

#[test]
fn another_region_is_refused() {
    let mut all = live(SMALL);
    all[1].resource.region = Region::new("westus");
    refuses(&usual(SMALL, ""), all, "azure/location-change");
}

#[test]
fn another_name_of_the_primary_is_refused() {
    let text = usual(SMALL, "id = 'another-primary'");
    let plan = planned(&text, live(SMALL));
    assert!(plan.is_refused());
}

#[test]
fn names_are_as_azure_takes_them() {
    for id in ["ab", "Capital", "two--hyphens"] {
        let text = usual(SMALL, &format!("id = '{id}'"));
        refuses(&text, Vec::new(), "azure/identifier");
    }
    accepts(&usual(SMALL, "id = '7-eleven-food'"), Vec::new());
}

#[test]
fn disks_come_in_sizes() {
    let of = |storage: &str| usual(SMALL, &format!("storage = {{ {storage} }}"));
    refuses(&of("gib = 100"), Vec::new(), "azure/storage-size");
    refuses(
        &of("gib = 100, iops = 3000"),
        Vec::new(),
        "azure/premium-ssd-iops",
    );
    let burstable = usual(
        "Standard_B2s",
        "storage = { gib = 100, type = 'premium-ssd-v2' }",
    );
    refuses(&burstable, Vec::new(), "azure/burstable-premium-ssd-v2");
    refuses(
        &of("gib = 100, type = 'premium-ssd-v2', autogrow = true"),
        Vec::new(),
        "azure/premium-ssd-v2-autogrow",
    );
    accepts(
        &of("gib = 100, type = 'premium-ssd-v2', iops = 4000, throughput = 200"),
        Vec::new(),
    );
}

#[test]
fn backups_are_kept_for_a_week_to_five() {
    for days in [0, 6] {
        let text = usual(SMALL, &format!("backup_days = {days}"));
        refuses(&text, Vec::new(), "azure/backup-days");
    }
}

#[test]
fn an_administrator_has_a_password_and_a_name_of_its_own() {
    let text = usual(SMALL, "").replace(SECRET, "");
    refuses(&text, Vec::new(), "azure/password");
    for admin in [
        "azure_superuser",
        "Admin",
        "azuresu",
        "1st",
        "my admin",
        "PG_x",
    ] {
        let text = usual(SMALL, &format!("admin = '{admin}'"));
        refuses(&text, Vec::new(), "azure/admin");
    }
}

#[test]
fn tags_are_as_azure_takes_them() {
    let text = format!("tags = {{ 'a/b' = 'c' }}\n{}", usual(SMALL, ""));
    refuses(&text, Vec::new(), "azure/tags");
    let text = format!("tags = {{ Team = 'a', team = 'b' }}\n{}", usual(SMALL, ""));
    refuses(&text, Vec::new(), "azure/tags");
}

#[test]
fn a_tag_in_another_case_is_no_change() {
    let all = || {
        altered(SMALL, |one| {
            let tags = &mut one.attributes.tags;
            tags.insert("Team".to_owned(), "food".to_owned());
        })
    };
    let tagged = |value: &str| format!("tags = {{ team = '{value}' }}\n{}", usual(SMALL, ""));
    assert_eq!(order(&accepts(&tagged("food"), all())), [""; 0]);
    let steps = order(&accepts(&tagged("drinks"), all()));
    assert_eq!(steps.len(), 3, "{steps:?}");
    assert!(
        steps.iter().all(|step| step.ends_with("tags=Team=drinks")),
        "{steps:?}"
    );
}

#[test]
fn a_portable_size_is_the_cheapest_that_holds_as_much() {
    let text = file("size = { vcpus = 4, memory_gib = 16 }", "count = 1", "");
    let plan = accepts(&text, Vec::new());
    let sizes: Vec<_> = plan
        .set
        .effective()
        .filter_map(|change| change.after.as_ref()?.size.clone())
        .collect();
    assert!(
        sizes.iter().all(|size| size.starts_with("Standard_D4")),
        "{sizes:?}"
    );
    // What runs and fits is left.
    let text = file("size = { vcpus = 2, memory_gib = 8 }", "count = 2", "");
    assert_eq!(order(&accepts(&text, live(LARGE))), [""; 0]);
}

#[test]
fn a_region_and_a_size_there_have_to_be() {
    let elsewhere = usual(SMALL, "").replace("eastus2", "eastus9");
    refuses(&elsewhere, Vec::new(), "azure/region");
    accepts(
        &usual(SMALL, "").replace("eastus2", "italynorth"),
        Vec::new(),
    );
    refuses(&usual("Standard_D3ds_v5", ""), Vec::new(), "azure/size");
    for of_new_series in ["Standard_D4ds_v9", "Standard_D128s_v6"] {
        let new = accepts(&usual(of_new_series, ""), Vec::new());
        assert!(found(&new, "azure/size"), "{:?}", new.checks);
    }
    let largest = accepts(&usual("Standard_D192ds_v6", ""), Vec::new());
    assert!(!found(&largest, "azure/size"), "{:?}", largest.checks);
}

#[test]
fn a_disk_that_is_there_is_of_the_kind_that_it_is() {
    let second = || {
        altered(SMALL, |one| {
            one.attributes.storage.kind = Some("premium-ssd-v2".to_owned());
            one.attributes.storage.gib = Some(100);
        })
    };
    accepts(&usual(SMALL, "storage = { gib = 100 }"), second());
    let three = file(&format!("size = '{SMALL}'"), "count = 3", "");
    accepts(&three, second());
    let alone = file("size = 'Standard_B2s'", "count = 0", "");
    refuses(
        &alone,
        second()[..1].to_vec(),
        "azure/burstable-premium-ssd-v2",
    );
}

#[test]
fn a_size_that_there_is_not_is_refused_for_a_server_that_runs_too() {
    refuses(&usual("Standard_D3ds_v5", ""), live(SMALL), "azure/size");
    // One that runs and stays is one that there is.
    accepts(&usual("Standard_D3ds_v5", ""), live("Standard_D3ds_v5"));
}

#[test]
fn a_database_is_called_what_azure_takes() {
    for name in ["my.db", "1st", "my db", "azure_sys", "Azure_Maintenance"] {
        let text = usual(SMALL, &format!("database = '{name}'"));
        refuses(&text, Vec::new(), "azure/database");
    }
    for name in ["food-orders", "_food", "F00d$"] {
        accepts(&usual(SMALL, &format!("database = '{name}'")), Vec::new());
    }
    // It is made with the primary only.
    accepts(&usual(SMALL, "database = 'my.db'"), live(SMALL));
}

#[test]
fn a_private_address_takes_a_subnet_and_a_zone_of_names() {
    let with = |table: &str| {
        let table = format!("[azure]\n{table}");
        file(&format!("size = '{SMALL}'"), "count = 1", &table)
    };
    let subnet = "subnet_id = '/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/\
                  virtualNetworks/v/subnets/data'";
    let zone = "private_dns_zone_id = '/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/\
                privateDnsZones/z.private.postgres.database.azure.com'";
    refuses(&with(subnet), Vec::new(), "azure/private-dns-zone");
    accepts(&with(&format!("{subnet}\n{zone}")), Vec::new());
    let short = with(&format!("subnet_id = 'data'\n{zone}"));
    refuses(&short, Vec::new(), "azure/subnet-id");
    refuses(&with(zone), Vec::new(), "azure/private-dns-zone");
    let name = format!("{subnet}\nprivate_dns_zone_id = 'z.postgres.database.azure.com'");
    refuses(&with(&name), Vec::new(), "azure/private-dns-zone");
}

#[test]
fn a_standby_lies_in_a_region_with_zones() {
    let of = |region: &str, more: &str| usual(SMALL, more).replace("eastus2", region);
    refuses(
        &of("westus", "multi_az = true"),
        Vec::new(),
        "azure/no-zones",
    );
    accepts(&of("westus", ""), Vec::new());
    accepts(&of("westus2", "multi_az = true"), Vec::new());
    let there = || {
        altered(SMALL, |one| {
            one.resource.region = Region::new("westus");
            if let Some(source) = &mut one.source {
                source.region = Region::new("westus");
            }
        })
    };
    refuses(&of("westus", "multi_az = true"), there(), "azure/no-zones");
    let mut has_one = there();
    has_one[0].attributes.availability = Some(Availability::Regional);
    accepts(&of("westus", "multi_az = true"), has_one);
}

#[test]
fn a_version_is_one_of_which_azure_makes_servers() {
    let of = |version: &str| usual(SMALL, "").replace("'16'", &format!("'{version}'"));
    for gone in ["10", "11"] {
        refuses(&of(gone), Vec::new(), "azure/version");
    }
    for unsure in ["12", "13", "14", "19"] {
        let plan = accepts(&of(unsure), Vec::new());
        assert!(found(&plan, "azure/version"), "{:?}", plan.checks);
    }
    for known in ["15", "18"] {
        let plan = accepts(&of(known), Vec::new());
        assert!(!found(&plan, "azure/version"), "{:?}", plan.checks);
    }
    // A server that runs may stay.
    let old = altered(SMALL, |one| {
        one.attributes.postgres = Some("11".parse().unwrap());
    });
    accepts(&of("11"), old);
}

#[test]
fn a_standby_in_the_same_zone_is_shown_and_left_as_it_is() {
    let mut all = live(SMALL);
    let settings = &mut all[0].attributes.settings;
    settings.insert(setting::SAME_ZONE.to_owned(), Value::Number(1));
    let plan = accepts(&usual(SMALL, ""), all);
    assert_eq!(order(&plan), [""; 0]);
    let [drift] = plan.set.drift.as_slice() else {
        panic!("{:?}", plan.set.drift);
    };
    let field = drift.field.as_ref().map(ToString::to_string);
    assert_eq!(field.as_deref(), Some(setting::SAME_ZONE));
    assert_eq!(drift.reason, DriftReason::Grown);
    assert_eq!(drift.observed, Some(Value::Number(1)));
}

#[test]
fn a_premium_ssd_v2_is_as_fast_as_its_size_and_its_operations_let_it_be() {
    let of = |more: &str| {
        let disk = format!("storage = {{ type = 'premium-ssd-v2', {more} }}");
        usual(SMALL, &disk)
    };
    for (more, code) in [
        ("gib = 100, iops = 2999", "azure/premium-ssd-v2-iops"),
        // 3000 and 500 for each GB above 6.
        ("gib = 100, iops = 53700", "azure/premium-ssd-v2-iops"),
        ("gib = 1024, iops = 80001", "azure/premium-ssd-v2-iops"),
        (
            "gib = 100, throughput = 124",
            "azure/premium-ssd-v2-throughput",
        ),
        (
            "gib = 100, throughput = 751",
            "azure/premium-ssd-v2-throughput",
        ),
        (
            "gib = 1024, iops = 20000, throughput = 1201",
            "azure/premium-ssd-v2-throughput",
        ),
    ] {
        refuses(&of(more), Vec::new(), code);
    }
    for more in [
        "gib = 100, iops = 53600",
        "gib = 160, iops = 80000",
        "gib = 100, throughput = 750",
        "gib = 1024, iops = 20000, throughput = 1200",
    ] {
        accepts(&of(more), Vec::new());
    }
    let old = of("gib = 100").replace("postgres = '16'", "postgres = '13'");
    assert!(found(
        &planned(&old, Vec::new()),
        "azure/premium-ssd-v2-version"
    ));
}

#[test]
fn commands_of_az_say_what_az_wants_to_hear() {
    let disk = "storage = { gib = 100, type = 'premium-ssd-v2' }";
    let all = commands(&accepts(&usual(SMALL, disk), Vec::new()));
    let create = &all[0];
    for words in [
        "--public-access Enabled",
        "--storage-type PremiumV2_LRS --iops 3000 --throughput 125",
    ] {
        assert!(create.contains(words), "{create}");
    }
    let disk = "storage = { gib = 100, type = 'premium-ssd-v2', iops = 4000, throughput = 200 }";
    let all = commands(&accepts(&usual(SMALL, disk), Vec::new()));
    let mut after = all
        .iter()
        .filter(|words| words.contains(" update --name truck-replica-1"));
    let after = after.next().unwrap();
    assert!(after.contains("--iops 4000 --throughput 200"), "{after}");
}

#[test]
fn tags_are_counted_with_pgfleet_s_own_and_those_of_others() {
    let tagged = |count, keys: &str| planning::tags(count) + &usual(SMALL, keys);
    for (keys, most) in [
        ("", 47),
        ("database = 'orders'", 46),
        ("database = 'orders'\npassword_version = 2", 45),
    ] {
        accepts(&tagged(most, keys), Vec::new());
        refuses(&tagged(most + 1, keys), Vec::new(), "azure/tags");
    }
    let mut all = Vec::from(["primary", "replica-1"].map(|address| server(address, SMALL)));
    let theirs = ["theirs", "t1"].map(|tag| (tag.to_owned(), "v".to_owned()));
    all[0].attributes.tags = theirs.into();
    accepts(&tagged(46, ""), all.clone());
    refuses(&tagged(47, ""), all, "azure/tags");
}

#[test]
fn replicas_begin_with_the_size_of_a_primary_that_is_larger_than_it_need_be() {
    let portable = "size = { vcpus = 2, memory_gib = 8 }";
    let servers = ["primary", "replica-1"].map(|address| server(address, MIDDLE));
    for own in ["", portable] {
        let text = file(portable, &format!("count = 2\n{own}"), "");
        let plan = accepts(&text, servers.clone().into());
        let wanted = &plan.desired.instances[&"replica-2".parse().unwrap()];
        assert_eq!(wanted.attributes.size.as_deref(), Some(MIDDLE), "{own}");
    }
}
