//! Which regions, classes and versions there are.
//!
//! Sources: the user guide's pages "DB instance classes" and "Supported DB engines", and the
//! release notes of RDS for PostgreSQL. Options add to it what is newer.

use super::options::AwsOptions;

/// Regions with the letters of their availability zones.
const REGIONS: &[(&str, &str)] = &[
    ("af-south-1", "abc"),
    ("ap-east-1", "abc"),
    ("ap-northeast-1", "acd"),
    ("ap-northeast-2", "abcd"),
    ("ap-northeast-3", "abc"),
    ("ap-south-1", "abc"),
    ("ap-southeast-1", "abc"),
    ("ap-southeast-2", "abc"),
    ("ca-central-1", "abd"),
    ("eu-central-1", "abc"),
    ("eu-central-2", "abc"),
    ("eu-north-1", "abc"),
    ("eu-south-1", "abc"),
    ("eu-west-1", "abc"),
    ("eu-west-2", "abc"),
    ("eu-west-3", "abc"),
    ("me-south-1", "abc"),
    ("sa-east-1", "abc"),
    ("us-east-1", "abcdef"),
    ("us-east-2", "abc"),
    ("us-west-1", "ab"),
    ("us-west-2", "abcd"),
];

/// Families of classes: name, sizes, and the first and last major version they run.
const FAMILIES: &[(&str, &[&str], u32, u32)] = &[
    (
        "t2",
        &["micro", "small", "medium", "large", "xlarge", "2xlarge"],
        9,
        12,
    ),
    (
        "t3",
        &["micro", "small", "medium", "large", "xlarge", "2xlarge"],
        9,
        LAST,
    ),
    (
        "t4g",
        &["micro", "small", "medium", "large", "xlarge", "2xlarge"],
        12,
        LAST,
    ),
    (
        "m4",
        &[
            "large", "xlarge", "2xlarge", "4xlarge", "10xlarge", "16xlarge",
        ],
        9,
        13,
    ),
    ("m5", WHOLE, 9, LAST),
    ("m5d", WHOLE, 13, LAST),
    ("m6g", GRAVITON, 12, LAST),
    ("m6gd", GRAVITON, 13, LAST),
    ("m6i", LARGE, 11, LAST),
    ("m6id", LARGE, 13, LAST),
    ("m7g", GRAVITON, 13, LAST),
    ("m7i", NEWEST, 13, LAST),
    ("m8g", NEWEST, 13, LAST),
    (
        "r4",
        &[
            "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge",
        ],
        9,
        13,
    ),
    ("r5", WHOLE, 9, LAST),
    ("r5b", WHOLE, 11, LAST),
    ("r5d", WHOLE, 13, LAST),
    ("r6g", GRAVITON, 12, LAST),
    ("r6gd", GRAVITON, 13, LAST),
    ("r6i", LARGE, 11, LAST),
    ("r6id", LARGE, 13, LAST),
    ("r7g", GRAVITON, 13, LAST),
    ("r7i", NEWEST, 13, LAST),
    ("r8g", NEWEST, 13, LAST),
    ("x2g", GRAVITON, 12, LAST),
];

const LAST: u32 = u32::MAX;
const WHOLE: &[&str] = &[
    "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge",
];
const GRAVITON: &[&str] = &[
    "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge",
];
const LARGE: &[&str] = &[
    "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge",
    "32xlarge",
];
const NEWEST: &[&str] = &[
    "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge",
    "48xlarge",
];

/// Minor versions of each major version, oldest first.
const VERSIONS: &[(u32, &[u32])] = &[
    (13, &[11, 12, 13, 14, 15, 16, 18, 20, 21, 22, 23]),
    (14, &[8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20]),
    (15, &[2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15]),
    (16, &[1, 2, 3, 4, 6, 8, 9, 10, 11]),
    (17, &[1, 2, 4, 5, 6, 7, 9, 11]),
];

/// Versions that RDS has a longer word for: what it goes on supporting after the community's end, and
/// what it has released again (release notes of RDS for PostgreSQL).
const WORDS: &[&str] = &["13.23-rds.20260514", "15.2-R2"];

/// The major version of `16.3`: 16; of what is no version: 0.
pub(crate) fn major(version: &str) -> u32 {
    split(version).map_or(0, |(major, _)| major)
}

/// Major and minor version, of `16.3` and of `13.23-rds.20260514`.
pub(crate) fn split(version: &str) -> Option<(u32, u32)> {
    let (number, _) = version.split_once('-').unwrap_or((version, ""));
    let (major, minor) = number.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

impl AwsOptions {
    /// The names of a region's availability zones; none where there is no such region.
    pub(crate) fn zones(&self, region: &str) -> Option<Vec<String>> {
        let known = REGIONS
            .iter()
            .find(|(name, _)| *name == region)
            .map(|(_, zones)| *zones);
        let letters = self.regions.get(region).map(String::as_str).or(known)?;
        Some(
            letters
                .chars()
                .map(|letter| format!("{region}{letter}"))
                .collect(),
        )
    }

    /// All versions, oldest first.
    pub(crate) fn all_versions(&self) -> Vec<(u32, u32)> {
        let known = VERSIONS
            .iter()
            .flat_map(|(major, minors)| minors.iter().map(|minor| (*major, *minor)));
        let mut all: Vec<_> = known
            .chain(self.versions.iter().filter_map(|version| split(version)))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What RDS calls a version: the only word for it that it takes.
    pub(crate) fn word(&self, (major, minor): (u32, u32)) -> String {
        let words = WORDS.iter().copied();
        let mut words = words.chain(self.versions.iter().map(String::as_str));
        let word = words.find(|word| split(word) == Some((major, minor)));
        word.map_or_else(|| format!("{major}.{minor}"), ToOwned::to_owned)
    }

    /// The exact version that `16` or `16.3` means: of a major version, the newest.
    pub(crate) fn version(&self, wanted: &str) -> Option<String> {
        let all = self.all_versions();
        if let Ok(wanted) = wanted.parse::<u32>() {
            let newest = all.into_iter().rfind(|(major, _)| *major == wanted);
            return newest.map(|version| self.word(version));
        }
        let mut words = all.into_iter().map(|version| self.word(version));
        words.find(|word| word == wanted)
    }

    /// The version of new instances that name none.
    pub(crate) fn default_version(&self) -> String {
        let last = self.all_versions().last().copied();
        self.word(last.unwrap_or((17, 1)))
    }

    /// All classes that a region offers for a version.
    pub(crate) fn classes_for(&self, region: &str, version: &str) -> Vec<String> {
        let major = major(version);
        let known = FAMILIES
            .iter()
            .filter(|(_, _, first, last)| (*first..=*last).contains(&major))
            .flat_map(|(family, sizes, _, _)| {
                sizes.iter().map(move |size| format!("db.{family}.{size}"))
            });
        let mut all: Vec<String> = known.chain(self.classes.iter().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|class| {
            !self
                .not_offered
                .iter()
                .any(|not| not.region == region && not.name == *class)
        });
        all
    }

    pub(crate) fn offers(&self, region: &str, version: &str, class: &str) -> bool {
        self.classes_for(region, version)
            .iter()
            .any(|offered| offered == class)
    }

    /// Whether any version runs on a class of this name.
    pub(crate) fn knows_class(&self, class: &str) -> bool {
        let mut parts = class.split('.');
        let (Some("db"), Some(family), Some(size), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        self.classes.iter().any(|known| known == class)
            || FAMILIES
                .iter()
                .any(|(name, sizes, _, _)| *name == family && sizes.contains(&size))
    }
}
