//! Money, exact until it is shown.

use std::{fmt, iter::Sum, ops::Add, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy};

use crate::Quantity;

/// The most that one unit may cost, in dollars. Together with [`MAX_PLACES`] and the bound on
/// quantities it keeps every product within what a decimal holds exactly.
const MAX_PRICE: u32 = 10_000_000;

/// Decimal places of a price. The live lists have up to ten.
const MAX_PLACES: u32 = 10;

/// An amount of US dollars. Never rounded by arithmetic; `Display` shows every digit, and
/// [`Usd::shown`] rounds half up to cents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(Decimal);

/// Why a text is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsdError {
    /// Not a decimal number, `NaN` and infinity included.
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
    /// Below zero.
    #[error("{0} is negative")]
    Negative(String),
    /// Beyond what a price may be.
    #[error("{0} is more than any price ({MAX_PRICE} dollars, {MAX_PLACES} decimal places)")]
    TooLarge(String),
}

impl Usd {
    /// Nothing to pay.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// A price from a file or an answer: a plain decimal, not negative, within bounds.
    ///
    /// # Errors
    /// The text is anything else.
    pub fn price(text: &str) -> Result<Self, UsdError> {
        let amount = Self::from_str(text)?;
        let Self(decimal) = amount;
        if decimal > Decimal::from(MAX_PRICE) || decimal.scale() > MAX_PLACES {
            return Err(UsdError::TooLarge(clip(text)));
        }
        Ok(amount)
    }

    /// This much for each of `quantity`.
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Self {
        Self(self.0.saturating_mul(quantity.decimal()))
    }

    /// A share of it, such as what a discount leaves.
    #[must_use]
    pub(crate) fn share(self, part: Decimal) -> Self {
        Self(self.0.saturating_mul(part))
    }

    /// Split over `parts`, such as months. `None` for no parts.
    pub(crate) fn split(self, parts: u32) -> Option<Self> {
        self.0.checked_div(Decimal::from(parts)).map(Self)
    }

    /// The difference, which may be negative.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Rounded half up to cents, as it is shown.
    #[must_use]
    pub fn rounded(self) -> Self {
        let cents = self
            .0
            .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        Self(cents)
    }

    /// As it is shown: rounded half up, with both decimal places, such as `52.56`.
    pub fn shown(self) -> String {
        let Self(cents) = self.rounded();
        // A negative amount that rounds to nothing is nothing.
        let cents = if cents.is_zero() {
            Decimal::ZERO
        } else {
            cents
        };
        format!("{cents:.2}")
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    pub(crate) fn decimal(self) -> Decimal {
        self.0
    }

    pub(crate) fn from_decimal(decimal: Decimal) -> Self {
        Self(decimal.normalize())
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

impl FromStr for Usd {
    type Err = UsdError;

    fn from_str(text: &str) -> Result<Self, UsdError> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        if text.len() > 40 || !plain {
            return Err(UsdError::NotANumber(clip(text)));
        }
        let decimal = Decimal::from_str_exact(text)
            .map_err(|_| UsdError::NotANumber(clip(text)))?
            .normalize();
        if decimal.is_sign_negative() && !decimal.is_zero() {
            return Err(UsdError::Negative(clip(text)));
        }
        Ok(Self(decimal))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.normalize(), f)
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_rounded_half_up_and_not_before() {
        let amount = |text: &str| text.parse::<Usd>().unwrap();
        assert_eq!(amount("94.165").shown(), "94.17");
        assert_eq!(amount("94.1649999").shown(), "94.16");
        assert_eq!(amount("0.005").shown(), "0.01");
        assert_eq!((amount("0.005") + amount("0.005")).shown(), "0.01");
        assert_eq!(amount("3").shown(), "3.00");
        assert_eq!(Usd::ZERO.minus(amount("1.005")).shown(), "-1.01");
        assert_eq!(Usd::ZERO.minus(amount("0.001")).shown(), "0.00");
        assert_eq!(amount("0.4060000000").to_string(), "0.406");
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "", "NaN", "inf", "1e3", "0x1", "1,5", " 1", "+1", "--1", "1.2.3", "-", ".",
        ] {
            let error = Usd::price(text).unwrap_err();
            assert!(matches!(error, UsdError::NotANumber(_)), "{text}: {error}");
        }
        assert!(matches!(Usd::price("-0.01"), Err(UsdError::Negative(_))));
        assert!(matches!(Usd::price("10000001"), Err(UsdError::TooLarge(_))));
        assert!(matches!(
            Usd::price("0.00000000001"),
            Err(UsdError::TooLarge(_))
        ));
        assert!(Usd::price(&"9".repeat(50_000)).is_err());
        assert_eq!(Usd::price("0").unwrap(), Usd::ZERO);
    }
}
