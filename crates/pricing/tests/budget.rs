//! What a plan is refused for, and warned of.

mod support;

use pgfleet_model::{ProviderKind, Severity};
use pgfleet_pricing::{Bill, Catalog, CostEstimate, Date, Limits, budget};
use support::{bill, instance};

fn fleet(replicas: usize, kind: &str) -> Bill {
    let one = instance("db.t3.medium", false, 100, Some(kind));
    bill(
        Catalog::embedded(),
        ProviderKind::Aws,
        if kind == "gp3" {
            "us-east-1"
        } else {
            "us-east-2"
        },
        &vec![one; replicas + 1],
    )
}

fn codes(before: Bill, after: Bill, limits: &Limits) -> Vec<(Severity, String)> {
    let today: Date = "2026-09-10".parse().unwrap_or(Date::LAST);
    let estimate = CostEstimate {
        before,
        after,
        ..CostEstimate::default()
    };
    let checks = budget(&estimate, limits, today);
    checks
        .into_iter()
        .map(|check| (check.severity, check.code))
        .collect()
}

fn limits(monthly: &str, increase: &str) -> Limits {
    Limits {
        monthly: monthly.parse().ok(),
        increase: increase.parse().ok(),
        ..Limits::default()
    }
}

fn refused(code: &str) -> Vec<(Severity, String)> {
    vec![(Severity::Error, code.to_owned())]
}

/// A primary or replica costs 64.06 a month.
#[test]
fn a_result_above_the_limit_is_refused_unless_it_costs_no_more_than_before() {
    let nothing = Bill::default;
    let gp3 = |replicas| fleet(replicas, "gp3");
    assert_eq!(codes(nothing(), gp3(0), &limits("64.06", "x")), []);
    assert_eq!(
        codes(nothing(), gp3(0), &limits("64.05", "x")),
        refused("cost/budget")
    );
    assert_eq!(
        codes(gp3(2), gp3(1), &limits("1", "x")),
        [],
        "it costs less than before"
    );
    assert_eq!(codes(gp3(1), gp3(1), &limits("1", "x")), []);
    assert_eq!(codes(gp3(1), gp3(2), &limits("x", "64.06")), []);
    assert_eq!(
        codes(gp3(1), gp3(2), &limits("x", "64.05")),
        refused("cost/increase")
    );
    assert_eq!(codes(gp3(1), gp3(9), &limits("x", "x")), []);
}

#[test]
fn what_has_no_price_fails_a_limit_unless_the_plan_allows_it() {
    // The facts hold no price of io1 in us-east-2.
    let (nothing, unknown) = (Bill::default, |replicas| fleet(replicas, "io1"));
    for some in [limits("1000", "x"), limits("x", "1000")] {
        assert_eq!(
            codes(nothing(), unknown(0), &some),
            refused("cost/unpriced")
        );
        let allowed = Limits {
            allow_unpriced: true,
            ..some.clone()
        };
        assert_eq!(codes(nothing(), unknown(0), &allowed), []);
        assert_eq!(codes(unknown(1), unknown(1), &some), [], "nothing is added");
        assert_eq!(
            codes(unknown(1), unknown(0), &some),
            [],
            "something is taken away"
        );
        assert_eq!(
            codes(unknown(0), unknown(1), &some),
            refused("cost/unpriced")
        );
    }
    assert_eq!(codes(nothing(), unknown(0), &limits("x", "x")), []);
}

#[test]
fn a_price_older_than_the_plan_likes_warns() {
    let aged = |days| Limits {
        max_age_days: Some(days),
        ..Limits::default()
    };
    let warned = vec![(Severity::Warning, "cost/price-age".to_owned())];
    assert_eq!(codes(Bill::default(), fleet(0, "gp3"), &aged(180)), warned);
    assert_eq!(codes(Bill::default(), fleet(0, "gp3"), &aged(36_500)), []);
}
