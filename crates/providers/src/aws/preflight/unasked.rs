//! What pgfleet itself knows of RDS's offers, for where RDS does not say what there is.

use std::ops::RangeInclusive;

use pgfleet_model::{Availability, Check, ProviderKind, Region};
use pgfleet_pricing::{Catalog, PriceCatalog};

use crate::shared::offered::classes;

use crate::aws::preflight::offers::{CLASSES, Wish, no_version};

/// The major versions that RDS runs.
const MAJORS: RangeInclusive<u32> = 11..=18;

/// What is against a wish: pgfleet knows no such class, or no such version. Regions are looked at in
/// any case.
pub(in crate::aws) fn known(wish: &Wish) -> Option<Check> {
    let Wish {
        class, postgres, ..
    } = wish;
    if classes(ProviderKind::Aws).all(|known| known != class) {
        return Some(wish.refused(
            "aws/size",
            format!("pgfleet knows no class {class}, and may not ask RDS whether there is one"),
            "name another class, or allow rds:DescribeOrderableDBInstanceOptions",
            CLASSES,
        ));
    }
    let version = postgres.filter(|version| !MAJORS.contains(&version.major))?;
    Some(no_version(
        format!(
            "pgfleet knows no PostgreSQL {version} of RDS, and may not ask whether there is one"
        ),
        "look at `postgres`, or allow rds:DescribeOrderableDBInstanceOptions",
    ))
}

/// Whether the embedded catalog has a price of the class in the region: then it is on offer there.
pub(in crate::aws) fn is_billed(region: &Region, class: &str) -> bool {
    let catalog = Catalog::embedded();
    let class = catalog.class(ProviderKind::Aws, region, class);
    class.is_some_and(|class| {
        let prices = PriceCatalog::new(catalog, None);
        let hour = prices.hour(ProviderKind::Aws, region, &class, Availability::Zonal);
        hour.known().is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::{super::offers::tests::wish, *};

    #[test]
    fn where_rds_may_not_be_asked_the_embedded_catalog_knows_the_classes() {
        assert_eq!(known(&wish(None, "gp3", 100)), None);
        let mut typo = wish(None, "gp3", 100);
        typo.class = "db.m5.huge".to_owned();
        assert_eq!(
            known(&typo).map(|check| check.code).as_deref(),
            Some("aws/size")
        );
        // Whether it knows the region or not.
        typo.region = Region::new("il-central-1");
        assert!(known(&typo).is_some());
        typo.class = "db.m5.large".to_owned();
        assert_eq!(known(&typo), None);
    }

    #[test]
    fn where_rds_may_not_be_asked_a_version_has_a_major_that_rds_runs() {
        for (version, code) in [("16", None), ("16.99", None), ("61", Some("aws/version"))] {
            let check = known(&wish(Some(version), "gp3", 100));
            let told = check.map(|check| check.code);
            assert_eq!(told.as_deref(), code, "{version}");
        }
    }

    #[test]
    fn a_class_with_a_price_is_on_offer() {
        let billed = |region, class| is_billed(&Region::new(region), class);
        assert!(billed("us-east-1", "db.m5.large"));
        assert!(!billed("us-east-1", "db.m5.huge"));
        assert!(!billed("il-central-1", "db.m5.large"));
    }
}
