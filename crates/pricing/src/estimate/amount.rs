//! Sums in which something may be unknown.

use std::{iter::Sum, ops::Add};

use crate::Usd;

/// A sum of money that knows what it lacks. What is unknown is never counted as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Everything in it is known.
    Exact(Usd),
    /// At least this: something in it has no price.
    AtLeast(Usd),
    /// Nothing in it is known.
    Unknown,
}

impl Amount {
    /// Nothing to pay, for sure.
    pub const NOTHING: Self = Self::Exact(Usd::ZERO);

    /// The part that is known. `None` where nothing is.
    pub fn known(self) -> Option<Usd> {
        match self {
            Self::Exact(usd) | Self::AtLeast(usd) => Some(usd),
            Self::Unknown => None,
        }
    }

    /// Whether nothing in it is unknown.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Exact(_))
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Self::Exact(a + b),
            (Self::Unknown, Self::Unknown) => Self::Unknown,
            // Nothing beside something unknown is not "at least nothing": it is unknown.
            (Self::Unknown, Self::Exact(usd)) | (Self::Exact(usd), Self::Unknown)
                if usd == Usd::ZERO =>
            {
                Self::Unknown
            }
            (a, b) => {
                let known = a.known().into_iter().chain(b.known());
                Self::AtLeast(known.sum())
            }
        }
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::NOTHING, Add::add)
    }
}

/// What something costs a month before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostDelta {
    /// As it is.
    pub before: Amount,
    /// As it will be.
    pub after: Amount,
}

impl CostDelta {
    /// The difference as it is shown: of the shown figures, so that they add up on the screen.
    /// It is complete where both sides are, and unknown where either is.
    pub fn change(self) -> Amount {
        let Self { before, after } = self;
        match (before.known(), after.known()) {
            (Some(from), Some(to)) => {
                let change = to.rounded().minus(from.rounded());
                if before.is_complete() && after.is_complete() {
                    Amount::Exact(change)
                } else {
                    Amount::AtLeast(change)
                }
            }
            _ => Amount::Unknown,
        }
    }
}

impl Add for CostDelta {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            before: self.before + other.before,
            after: self.after + other.after,
        }
    }
}

impl Sum for CostDelta {
    fn sum<I: Iterator<Item = Self>>(deltas: I) -> Self {
        let nothing = Self {
            before: Amount::NOTHING,
            after: Amount::NOTHING,
        };
        deltas.fold(nothing, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_stays_so_in_every_sum() {
        let exact = |text: &str| Amount::Exact(text.parse().unwrap());
        let at_least = |text: &str| Amount::AtLeast(text.parse().unwrap());
        assert_eq!(exact("1.5") + exact("2"), exact("3.5"));
        assert_eq!(exact("1.5") + Amount::Unknown, at_least("1.5"));
        assert_eq!(Amount::Unknown + at_least("1"), at_least("1"));
        assert_eq!(Amount::NOTHING + Amount::Unknown, Amount::Unknown);
        assert_eq!([].into_iter().sum::<Amount>(), Amount::NOTHING);
        assert_eq!(
            [Amount::Unknown].into_iter().sum::<Amount>(),
            Amount::Unknown
        );
    }

    #[test]
    fn a_shown_change_is_the_difference_of_the_shown_figures() {
        let exact = |text: &str| Amount::Exact(text.parse().unwrap());
        let delta = CostDelta {
            before: exact("0.004"),
            after: exact("0.006"),
        };
        assert_eq!(delta.change(), exact("0.01"));
        let unknown = CostDelta {
            before: Amount::Unknown,
            after: exact("1"),
        };
        assert_eq!(unknown.change(), Amount::Unknown);
    }
}
