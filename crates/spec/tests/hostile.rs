//! Files that nobody writes by accident: no panic, no exhausted stack, no unbounded list.

mod support;

use std::fmt::Write as _;

use support::{codes, json, toml};

const LOCAL: &str = "fleet = 'a'\nprovider = 'local'\n";

#[test]
fn deep_nesting_is_refused_before_it_is_built() {
    let n = 100_000;
    for text in [
        format!("{LOCAL}tags = {}{}\n", "[".repeat(n), "]".repeat(n)),
        format!("{LOCAL}tags = {}\n", "[".repeat(n)),
        format!("{LOCAL}tags = {}\n", "{a=".repeat(n)),
        format!("{LOCAL}{}a = 1\n", "a.".repeat(n)),
        format!("{LOCAL}[{}a]\nb = 1\n", "a.".repeat(n)),
        format!("{LOCAL}[[{}a]]\nb = 1\n", "a.".repeat(n)),
    ] {
        assert_eq!(codes(toml(&text)), ["spec/too-deep"]);
    }
    for text in [
        format!("{}{}", "[".repeat(n), "]".repeat(n)),
        "[".repeat(n),
        "{\"a\":".repeat(n),
    ] {
        assert_eq!(codes(json(&text)), ["spec/too-deep"]);
    }
}

#[test]
fn the_deepest_nesting_that_is_parsed_fits_the_stack() {
    let dotted = format!("{}a", "a.".repeat(15));
    let open = format!("{{{dotted}=").repeat(31);
    let close = "}".repeat(31);
    let found = toml(&format!("{LOCAL}x = {open}1{close}\n")).unwrap_err();
    assert_eq!(found[0].code, "spec/unknown-key");
}

#[test]
fn numbers_beyond_every_bound() {
    for number in [
        "4000000000",
        "-1",
        "99999999999999999999999999999999999999999",
        "0xFFFFFFFFFFFFFFFFFF",
    ] {
        let plan = format!("{LOCAL}[[replicas]]\ncount = {number}\n");
        assert_eq!(codes(toml(&plan)), ["spec/out-of-range"], "{number}");
    }
    for number in ["nan", "inf", "-inf", "1e999", "-0.1"] {
        let plan = format!("{LOCAL}[usage]\nwal_gib_per_day = {number}\n");
        let codes = codes(toml(&plan));
        assert!(
            codes == ["spec/out-of-range"] || codes == ["spec/syntax"],
            "{number}: {codes:?}"
        );
    }
    let plan = "{\"fleet\":\"a\",\"provider\":\"local\",\"usage\":{\"wal_gib_per_day\":1e999}}";
    assert_eq!(codes(json(plan)), ["spec/out-of-range"]);
}

#[test]
fn control_characters_are_refused_everywhere() {
    for line in [
        "tags = { a = \"\\u0000\" }",
        "tags = { \"\\u0000\" = 'a' }",
        "[primary]\nadmin = \"a\\nb\"",
        "[primary]\nid = \"a\\u0000\"",
        "[primary]\npassword = { file = \"a\\u0000\" }",
        "[primary]\npassword = { command = [\"a\\u007f\"] }",
        "[[replicas]]\nname = \"a\\u0000\"",
        "[local]\ndata_dir = \"a\\u0000\"",
    ] {
        let plan = format!("{LOCAL}{line}\n");
        assert_eq!(codes(toml(&plan)), ["spec/control-character"], "{line}");
    }
}

#[test]
fn ten_thousand_groups() {
    let mut plan = LOCAL.to_owned();
    for n in 0..10_000 {
        let _ = write!(
            plan,
            "[[replicas]]\nname = 'g{n}'\ncount = 0\nmulti_az = false\nsize = 'x'\nids = []\n"
        );
    }
    let spec = toml(&plan).unwrap();
    assert_eq!(spec.replicas.len(), 10_000);
    let place = spec.place_of("replicas[9999].name").unwrap();
    assert_eq!(&plan[place.span.clone()], "'g9999'");
    let plan = plan
        .replace("count = 0", "count = 1")
        .replace("ids = []\n", "");
    assert_eq!(codes(toml(&plan)), ["spec/too-many-replicas"]);
}

#[test]
fn at_most_a_hundred_problems_are_listed() {
    let mut plan = LOCAL.to_owned();
    for n in 0..50_000 {
        let _ = writeln!(plan, "x{n} = 1");
    }
    let found = toml(&plan).unwrap_err();
    assert_eq!(found.len(), 100);
    assert!(
        found[99].message.starts_with("49901 more problems"),
        "{}",
        found[99].message
    );
    // As many syntax errors.
    let found = toml(&"= \n".repeat(100_000)).unwrap_err();
    assert_eq!(found.len(), 100);
}

#[test]
fn huge_texts_do_not_reach_messages() {
    let huge = "x".repeat(1_000_000);
    for plan in [
        format!("{LOCAL}[primary]\nadmin = '{huge}'\n"),
        format!("{LOCAL}{huge} = 1\n"),
        format!("{LOCAL}apply_changes = '{huge}'\n"),
        format!("{LOCAL}tags = {{ {huge} = 1 }}\n"),
        format!("fleet = '{huge}'\nprovider = 'local'\n"),
        format!("{LOCAL}[protect]\nmax_deletes = {}\n", "9".repeat(100_000)),
        format!("{LOCAL}postgres = {}\n", "9".repeat(100_000)),
        format!("{LOCAL}{huge} = 1\n{huge} = 1\n"),
    ] {
        for found in toml(&plan).unwrap_err() {
            assert!(found.message.len() < 300, "{}", found.message.len());
            assert!(found.remedy.len() < 300, "{}", found.remedy.len());
            assert!(found.label.len() < 300, "{}", found.label.len());
        }
    }
}

#[test]
fn more_words_than_any_plan_has_are_not_parsed() {
    let plan = format!("{LOCAL}tags = [{}]\n", "1,".repeat(1_000_000));
    assert_eq!(codes(toml(&plan)), ["spec/too-complex"]);
    let plan = format!("{{\"tags\": [{}1]}}", "1,".repeat(1_000_000));
    assert_eq!(codes(json(&plan)), ["spec/too-complex"]);
}

#[test]
fn nothing_in_the_file() {
    for text in ["", "\n\n", "# only a comment\n", "\u{feff}"] {
        assert_eq!(
            codes(toml(text)),
            ["spec/missing-key", "spec/missing-key"],
            "{text:?}"
        );
    }
    assert_eq!(codes(json("{}")), ["spec/missing-key", "spec/missing-key"]);
    assert_eq!(codes(json(" ")), ["spec/syntax"]);
}
