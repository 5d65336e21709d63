//! Price files that are damaged or meant ill are refused, each with its line.

use pgfleet_model::ProviderKind;
use pgfleet_pricing::Catalog;

const GOOD: &str = "pgfleet-prices 1 USD\n\
                    origin 0 observed 2026-09-05 a list\n\
                    provider aws\n\
                    region us-east-1\n\
                    db.t3.medium z 0.072 0\n";

#[test]
fn a_file_that_is_not_as_it_should_be_is_refused_with_its_line() {
    assert!(Catalog::parse(GOOD).is_ok());
    for (line, text) in [
        (1, String::new()),
        (1, "{\"prices\": []}\n".to_owned()),
        (1, "[".repeat(1_000_000)),
        (1, GOOD.replace("USD", "EUR")),
        (1, GOOD.replace("prices 1", "prices 2")),
        (1, " ".repeat(17 << 20)),
        (2, GOOD.replace("observed", "guessed")),
        (2, GOOD.replace("2026-09-05", "2026-09-31")),
        (2, GOOD.replace("origin 0", "origin 7")),
        (3, GOOD.replace("aws", "local")),
        (5, GOOD.replace("0.072", "NaN")),
        (5, GOOD.replace("0.072", "-0.072")),
        (5, GOOD.replace("0.072", "inf")),
        (5, GOOD.replace("0.072", "1e9")),
        (5, GOOD.replace("0.072", &"9".repeat(100_000))),
        (5, GOOD.replace("0.072 0", "0.072 9")),
        (5, GOOD.replace("0.072 0", "0.072")),
        (5, GOOD.replace(" z ", " x ")),
        (5, GOOD.replace("db.t3.medium", "db.t3\u{1b}[31m")),
        (6, format!("{GOOD}db.t3.medium z 0.001 0\n")),
        (6, format!("{GOOD}region us-east-1\n")),
        (6, format!("{GOOD}terms db.t3.medium 0 0,1 - -\n")),
        (6, format!("{GOOD}terms db.t3.medium 0 - - - - NaN,1\n")),
        (6, format!("{GOOD}commit 1 1.5 0\n")),
    ] {
        let error = Catalog::parse(&text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().len() < 300, "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
}

#[test]
fn a_catalog_survives_its_own_text() {
    let embedded = Catalog::embedded();
    let copied = Catalog::default().updated_by(embedded);
    let text = copied.prices_text();
    let again = Catalog::parse(&text).unwrap();
    assert_eq!(again.prices_text(), text);
    for provider in [ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure] {
        assert_eq!(
            again.regions(provider).count(),
            embedded.regions(provider).count()
        );
    }
}
