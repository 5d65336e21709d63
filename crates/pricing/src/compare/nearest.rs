//! Which regions of the three clouds lie next to each other.
//!
//! Source: the places that the vendors' own lists give for their regions
//! (docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html,
//! cloud.google.com/sql/docs/postgres/locations, learn.microsoft.com/azure/reliability/regions-list);
//! where a cloud has no region at a place, the nearest one with prices in the catalog.

use pgfleet_model::{ProviderKind, Region};

/// Where the table comes from, for people.
pub const SOURCE: &str = "the places in the vendors' lists of regions, docs/cost.md";

/// Place, AWS, Google, Azure. A region is looked up in the first row that names it.
const PLACES: &[(&str, &str, &str, &str)] = &[
    ("Northern Virginia", "us-east-1", "us-east4", "eastus2"),
    ("Northern Virginia", "us-east-1", "us-east4", "eastus"),
    ("South Carolina", "us-east-1", "us-east1", "eastus2"),
    ("Ohio", "us-east-2", "us-east5", "eastus2"),
    ("Iowa", "us-east-2", "us-central1", "centralus"),
    ("Texas", "us-east-2", "us-south1", "southcentralus"),
    ("Northern California", "us-west-1", "us-west2", "westus"),
    ("Oregon", "us-west-2", "us-west1", "westus2"),
    ("Utah", "us-west-2", "us-west3", "westus3"),
    ("Nevada", "us-west-1", "us-west4", "westus3"),
    ("Los Angeles", "us-west-2-lax-1", "us-west2", "westus"),
    (
        "Montreal",
        "ca-central-1",
        "northamerica-northeast1",
        "canadacentral",
    ),
    (
        "Toronto",
        "ca-central-1",
        "northamerica-northeast2",
        "canadacentral",
    ),
    ("Mexico", "us-west-1", "us-south1", "mexicocentral"),
    (
        "Sao Paulo",
        "sa-east-1",
        "southamerica-east1",
        "brazilsouth",
    ),
    ("Santiago", "sa-east-1", "southamerica-west1", "brazilsouth"),
    ("Ireland", "eu-west-1", "europe-west2", "northeurope"),
    ("London", "eu-west-2", "europe-west2", "uksouth"),
    ("Cardiff", "eu-west-2", "europe-west2", "ukwest"),
    ("Paris", "eu-west-3", "europe-west9", "francecentral"),
    (
        "Frankfurt",
        "eu-central-1",
        "europe-west3",
        "germanywestcentral",
    ),
    (
        "Berlin",
        "eu-central-1",
        "europe-west10",
        "germanywestcentral",
    ),
    ("Netherlands", "eu-central-1", "europe-west4", "westeurope"),
    ("Belgium", "eu-west-3", "europe-west1", "westeurope"),
    ("Zurich", "eu-central-2", "europe-west6", "switzerlandnorth"),
    ("Milan", "eu-south-1", "europe-west8", "switzerlandnorth"),
    ("Turin", "eu-south-1", "europe-west12", "switzerlandnorth"),
    ("Spain", "eu-south-2", "europe-southwest1", "francecentral"),
    ("Stockholm", "eu-north-1", "europe-north1", "swedencentral"),
    ("Oslo", "eu-north-1", "europe-north1", "norwayeast"),
    ("Warsaw", "eu-central-1", "europe-central2", "polandcentral"),
    (
        "Cape Town",
        "af-south-1",
        "africa-south1",
        "southafricanorth",
    ),
    ("Bahrain", "me-south-1", "me-central1", "uaenorth"),
    (
        "United Arab Emirates",
        "me-central-1",
        "me-central1",
        "uaenorth",
    ),
    ("Dammam", "me-south-1", "me-central2", "uaenorth"),
    ("Tel Aviv", "me-south-1", "me-west1", "uaenorth"),
    ("Mumbai", "ap-south-1", "asia-south1", "centralindia"),
    ("Hyderabad", "ap-south-2", "asia-south1", "centralindia"),
    ("Delhi", "ap-south-1", "asia-south2", "centralindia"),
    (
        "Singapore",
        "ap-southeast-1",
        "asia-southeast1",
        "southeastasia",
    ),
    (
        "Jakarta",
        "ap-southeast-3",
        "asia-southeast2",
        "southeastasia",
    ),
    ("Hong Kong", "ap-east-1", "asia-east2", "southeastasia"),
    ("Taiwan", "ap-east-1", "asia-east1", "japaneast"),
    ("Tokyo", "ap-northeast-1", "asia-northeast1", "japaneast"),
    ("Osaka", "ap-northeast-3", "asia-northeast2", "japaneast"),
    ("Seoul", "ap-northeast-2", "asia-northeast3", "koreacentral"),
    (
        "Sydney",
        "ap-southeast-2",
        "australia-southeast1",
        "australiaeast",
    ),
    (
        "Melbourne",
        "ap-southeast-4",
        "australia-southeast2",
        "australiaeast",
    ),
];

/// The region of `to` that lies next to `region` of `from`; `None` where the table has none, as for
/// regions that only governments or the vendor use.
pub fn nearest(from: ProviderKind, region: &Region, to: ProviderKind) -> Option<Region> {
    if from == to {
        return Some(region.clone());
    }
    let of = |place: &(&'static str, &'static str, &'static str, &'static str), kind| match kind {
        ProviderKind::Aws => Some(place.1),
        ProviderKind::Gcp => Some(place.2),
        ProviderKind::Azure => Some(place.3),
        ProviderKind::Local => None,
    };
    let mut places = PLACES.iter();
    let place = places.find(|place| of(place, from) == Some(region.as_str()))?;
    of(place, to).map(Region::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    /// Regions that not everybody may use.
    const CLOSED: [&str; 5] = [
        "us-gov-east-1",
        "us-gov-west-1",
        "us-central2",
        "us-east7",
        "us-west8",
    ];

    #[test]
    fn every_region_with_prices_has_neighbours_with_prices() {
        let catalog = Catalog::embedded();
        let clouds = [ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Azure];
        for from in clouds {
            for region in catalog.regions(from) {
                for to in clouds {
                    let found = nearest(from, &region, to);
                    if CLOSED.contains(&region.as_str()) {
                        assert!(found.is_none() || from == to);
                    } else {
                        let found = found.unwrap_or_else(|| panic!("{region} has none on {to}"));
                        assert!(catalog.knows_region(to, &found), "{found} of {to}");
                    }
                }
            }
        }
    }
}
