//! Portable sizes: the cheapest class that fits.

use pgfleet_model::{Availability, ProviderKind, Region};

use super::{Arch, Catalog, Class, PriceCatalog};
use crate::{Gib, Usd, gcp};

/// What a portable size asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// At least so many virtual processors.
    pub vcpus: u32,
    /// At least so much memory.
    pub memory_gib: Gib,
    /// Whether a burstable class will do.
    pub burstable: bool,
    /// Whether an ARM class is wanted. Without it none is picked.
    pub arm64: bool,
}

impl Want {
    /// Whether a class holds this much and is of the wanted kind. A live class that fits is
    /// satisfied, whatever it costs.
    pub fn fits(&self, class: &Class) -> bool {
        let Self {
            vcpus,
            memory_gib,
            burstable,
            arm64,
        } = *self;
        class.vcpus >= vcpus
            && class.memory >= memory_gib
            && (burstable || !class.burstable)
            && arm64 == (class.arch == Arch::Arm64)
    }
}

/// The class that was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The class.
    pub class: Class,
    /// What an hour of it costs in one zone.
    pub hourly: Usd,
}

impl Catalog {
    /// The cheapest current-generation class with a known price in the region that fits: neither
    /// burstable nor ARM unless asked. Of two at one price the one that stands first in the
    /// catalog is picked, which is the newer generation.
    ///
    /// Ask the embedded catalog only: a refreshed price must not resize what runs.
    pub fn cheapest(&self, provider: ProviderKind, region: &Region, want: &Want) -> Option<Choice> {
        let prices = PriceCatalog::new(self, None);
        let hourly = |class: &Class| match provider {
            ProviderKind::Gcp => gcp::hour(&prices, region, class),
            _ => prices
                .hour(provider, region, class, Availability::Zonal)
                .known()
                .map(|quote| quote.usd),
        };
        let listed = self.classes(provider).iter().filter(|class| class.picked);
        let made = match provider {
            ProviderKind::Gcp => gcp::customs(want),
            _ => Vec::new(),
        };
        let fitting = listed
            .cloned()
            .chain(made)
            .filter(|class| class.current_generation && want.fits(class));
        fitting
            .filter_map(|class| {
                let hourly = hourly(&class)?;
                Some(Choice { class, hourly })
            })
            .min_by_key(|choice| choice.hourly)
    }
}
