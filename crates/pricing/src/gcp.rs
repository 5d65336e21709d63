//! Google's tiers: the rule that custom ones follow.

use pgfleet_model::{Availability, ProviderKind, Region};

use crate::{Arch, Class, Gib, PriceCatalog, Quantity, Usd, Want};

/// The series of a `db-custom` tier, by the prefix of its name.
const SERIES: [(&str, &str); 2] = [("db-custom-N4-", "n4"), ("db-custom-", "")];

/// Reads a custom tier such as `db-custom-2-7680`: vCPUs, then MiB of memory. `None` where it
/// breaks the rule: 1 vCPU or an even number up to 96; memory a multiple of 256 MiB, at least
/// 3.75 GiB, and 0.9 to 6.5 GiB for each vCPU (cloud.google.com/sql/docs/postgres/instance-settings).
pub(crate) fn custom(tier: &str) -> Option<Class> {
    let (prefix, series) = SERIES.iter().find(|(prefix, _)| tier.starts_with(prefix))?;
    let (vcpus, mib) = tier.strip_prefix(prefix)?.split_once('-')?;
    let number = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        plain.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (vcpus, mib) = (number(vcpus)?, number(mib)?);
    allowed(vcpus, mib).then(|| class(tier, vcpus, mib, series))
}

fn class(tier: &str, vcpus: u32, mib: u32, series: &str) -> Class {
    Class {
        name: tier.into(),
        vcpus,
        memory: Gib::from_mib(mib),
        arch: Arch::X86,
        burstable: false,
        current_generation: true,
        picked: true,
        meter: (!series.is_empty()).then(|| series.into()),
    }
}

fn allowed(vcpus: u32, mib: u32) -> bool {
    let count = vcpus == 1 || (vcpus.is_multiple_of(2) && (2..=96).contains(&vcpus));
    let mib = u64::from(mib);
    let (least, most) = (u64::from(vcpus) * 9 * 1024, u64::from(vcpus) * 65 * 1024);
    count && mib.is_multiple_of(256) && mib >= 3840 && mib * 10 >= least && mib * 10 <= most
}

/// The custom tiers that a portable size leaves to choose from: for each number of vCPUs, the
/// least memory that fits.
pub(crate) fn customs(want: &Want) -> Vec<Class> {
    let wanted = want.memory_gib.whole_mib().unwrap_or(u32::MAX);
    let counts = [1].into_iter().chain((2..=96).step_by(2));
    counts
        .filter(|vcpus| *vcpus >= want.vcpus)
        .filter_map(|vcpus| {
            let least = (vcpus * 9 * 1024).div_ceil(10).max(3840).max(wanted);
            let mib = least.checked_next_multiple_of(256)?;
            allowed(vcpus, mib).then(|| class(&format!("db-custom-{vcpus}-{mib}"), vcpus, mib, ""))
        })
        .collect()
}

/// How a tier is billed.
pub(crate) enum Billing<'a> {
    /// A price for the tier as a whole, under this meter.
    Whole(&'a str),
    /// vCPUs and GiB of memory, under these meters.
    Parts {
        /// Per vCPU and hour.
        vcpu: String,
        /// Per GiB and hour.
        memory: String,
    },
}

/// The meters of a tier.
pub(crate) fn billing(class: &Class) -> Billing<'_> {
    match class.meter.as_deref() {
        Some(meter @ ("micro" | "small")) => Billing::Whole(meter),
        Some(series) => Billing::Parts {
            vcpu: format!("{series}/vcpu"),
            memory: format!("{series}/memory"),
        },
        None => Billing::Parts {
            vcpu: "vcpu".to_owned(),
            memory: "memory".to_owned(),
        },
    }
}

/// What an hour of a tier costs in one zone, all parts together.
pub(crate) fn hour(prices: &PriceCatalog<'_>, region: &Region, class: &Class) -> Option<Usd> {
    let price = |meter: &str| {
        let price = prices.price(ProviderKind::Gcp, region, meter, Availability::Zonal);
        price.known().map(|quote| quote.usd)
    };
    match billing(class) {
        Billing::Whole(meter) => price(meter),
        Billing::Parts { vcpu, memory } => {
            let vcpus = price(&vcpu)?.times(Quantity::whole(class.vcpus));
            Some(vcpus + price(&memory)?.times(class.memory.quantity()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_tiers_are_read_by_their_rule() {
        let class = custom("db-custom-2-7680").unwrap();
        assert_eq!((class.vcpus, class.memory), (2, Gib::from_mib(7680)));
        assert!(custom("db-custom-1-3840").is_some());
        assert!(custom("db-custom-96-638976").is_some());
        for wrong in [
            "db-custom-3-7680",
            "db-custom-98-100352",
            "db-custom-2-7681",
            "db-custom-2-3584",
            "db-custom-2-13568",
            "db-custom-8-7168",
            "db-custom-02-7680",
            "db-custom-2-+7680",
            "db-custom-2",
            "db-custom--",
            "db-custom-2-99999999999999",
            "db-n1-standard-2",
        ] {
            assert!(custom(wrong).is_none(), "{wrong} was taken");
        }
    }

    #[test]
    fn the_custom_tiers_to_choose_from_all_fit() {
        let want = Want {
            vcpus: 2,
            memory_gib: Gib::whole(32),
            burstable: false,
            arm64: false,
        };
        let tiers = customs(&want);
        assert_eq!(&*tiers[0].name, "db-custom-6-32768");
        assert!(tiers.iter().all(|tier| want.fits(tier)));
        assert!(
            tiers
                .iter()
                .all(|tier| custom(&tier.name).as_ref() == Some(tier))
        );
    }
}
