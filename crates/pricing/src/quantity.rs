//! How much of something is billed, exactly.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;

/// Decimal places that a quantity keeps. What is measured (a GiB of WAL) is rounded to them; money
/// is not.
const PLACES: u32 = 6;

/// Hours in a month of the bill.
const HOURS: u32 = 730;

/// A quantity of a billed unit: hours, GiB, operations a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(Decimal);

impl Quantity {
    /// The hours of a month: 730 on every bill.
    pub fn month() -> Self {
        Self::whole(HOURS)
    }

    /// So many whole units.
    pub fn whole(units: u32) -> Self {
        Self(Decimal::from(units))
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self(self.0.saturating_mul(other.0).round_dp(PLACES).normalize())
    }

    /// What is left of a daily quantity over a month of 730 hours.
    #[must_use]
    pub(crate) fn a_day_for_a_month(self) -> Self {
        let hours = self.0.saturating_mul(Decimal::from(HOURS));
        Self((hours / Decimal::from(24_u8)).round_dp(PLACES).normalize())
    }

    pub(crate) fn decimal(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An amount of memory or disk in GiB, exact: 7.5 GiB is not a float.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gib(Decimal);

impl Gib {
    /// So many whole GiB.
    pub fn whole(gib: u32) -> Self {
        Self(Decimal::from(gib))
    }

    /// So many MiB, of which 1,024 are a GiB.
    pub fn from_mib(mib: u32) -> Self {
        Self((Decimal::from(mib) / Decimal::from(1024_u32)).normalize())
    }

    /// The number of a plan file, read as the decimal that the file wrote. `None` where it is
    /// negative, not finite, or beyond what anybody stores (1,000,000,000 GiB).
    pub fn from_plan(gib: f64) -> Option<Self> {
        // The shortest text that means this number is what the file wrote.
        let text = format!("{gib}");
        let exact: Gib = text.parse().ok()?;
        (exact.0 <= Decimal::from(1_000_000_000_u32)).then_some(exact)
    }

    /// As a billed quantity.
    pub fn quantity(self) -> Quantity {
        Quantity(self.0.round_dp(PLACES).normalize())
    }

    /// In MiB, rounded up. `None` where that is more than a number holds.
    pub(crate) fn whole_mib(self) -> Option<u32> {
        let mib = self.0.checked_mul(Decimal::from(1024_u32))?.ceil();
        mib.try_into().ok()
    }
}

impl FromStr for Gib {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !plain || text.len() > 40 {
            return Err("not a decimal number of GiB");
        }
        // Digits beyond a decimal's precision do not matter for an amount of memory.
        let exact: Decimal = text.parse().map_err(|_| "not a decimal number of GiB")?;
        Ok(Self(exact.normalize()))
    }
}

impl fmt::Display for Gib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_the_file_wrote() {
        assert_eq!(Gib::from_plan(7.5), Some("7.5".parse().unwrap()));
        assert_eq!(Gib::from_plan(0.1).unwrap().to_string(), "0.1");
        assert_eq!(Gib::from_mib(7680), Gib::from_plan(7.5).unwrap());
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(Gib::from_plan(wrong), None);
        }
    }

    #[test]
    fn a_month_has_730_hours() {
        let daily = Gib::whole(24).quantity().a_day_for_a_month();
        assert_eq!(daily, Quantity::whole(730));
    }
}
