//! Plan files for the suite, in the words that a provider needs.

use std::fmt::Write as _;

use pgfleet_model::ProviderKind;

/// The name of the suite's fleet.
pub const FLEET: &str = "conform";

/// What a provider's plan files must say beyond what all have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `provider`.
    pub provider: ProviderKind,
    /// `region`; `None` where there is none.
    pub region: Option<String>,
    /// Another region, in which a replica could live.
    pub other_region: String,
    /// A size, and a larger one; the suite begins with the first.
    pub sizes: [String; 2],
    /// `storage.gib` to begin with; `None` leaves the disk out.
    pub gib: Option<u32>,
    /// More lines in `[primary]`, such as its password.
    pub primary: String,
    /// More lines in the group of the replica in the other region.
    pub abroad: String,
    /// More lines at the end of the file: the provider's own table.
    pub tables: String,
}

/// A fleet that the suite asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct Shape {
    /// How many replicas.
    pub replicas: u32,
    /// A tag `colour` with this value.
    pub colour: Option<&'static str>,
    /// Names the size.
    pub sized: bool,
    /// The larger of the two sizes.
    pub large: bool,
    /// GiB more than to begin with.
    pub more_gib: u32,
    /// The primary stands ready in two zones.
    pub multi_az_primary: bool,
    /// The replicas stand ready in two zones.
    pub multi_az_replica: bool,
    /// One more replica, in the other region.
    pub abroad: bool,
    /// Modifications wait for the window.
    pub in_window: bool,
    /// Another name than [`FLEET`].
    pub fleet: Option<&'static str>,
    /// The replicas' identifiers, where they are not the derived ones.
    pub ids: Vec<String>,
}

impl Shape {
    /// So many replicas and nothing else.
    pub fn of(replicas: u32) -> Self {
        Self {
            replicas,
            ..Self::default()
        }
    }

    /// The plan file.
    pub fn write(&self, words: &Words) -> String {
        let mut text = String::new();
        let mut line = |line: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
        };
        line(format!("fleet = '{}'", self.fleet.unwrap_or(FLEET)));
        line(format!("provider = '{}'", words.provider));
        if let Some(region) = &words.region {
            line(format!("region = '{region}'"));
        }
        if let Some(colour) = self.colour {
            line(format!("tags = {{ colour = '{colour}' }}"));
        }
        if self.in_window {
            line("apply_changes = 'window'".to_owned());
        }
        line("[primary]".to_owned());
        if self.sized || self.large || words.provider != ProviderKind::Local {
            line(format!("size = '{}'", words.sizes[usize::from(self.large)]));
        }
        let gib = words.gib.map(|gib| gib + self.more_gib);
        let gib = gib.or((self.more_gib > 0).then_some(self.more_gib));
        if let Some(gib) = gib {
            line(format!("storage = {{ gib = {gib} }}"));
        }
        if self.multi_az_primary {
            line("multi_az = true".to_owned());
        }
        line(words.primary.clone());
        line("[[replicas]]".to_owned());
        if self.ids.is_empty() {
            line(format!("count = {}", self.replicas));
        } else {
            line(format!("ids = ['{}']", self.ids.join("', '")));
        }
        if self.multi_az_replica {
            line("multi_az = true".to_owned());
        }
        if self.abroad {
            line("[[replicas]]\nname = 'abroad'\ncount = 1".to_owned());
            line(format!("region = '{}'", words.other_region));
            line(words.abroad.clone());
        }
        line("[protect]\ndeletion = false".to_owned());
        line(words.tables.clone());
        text
    }
}
