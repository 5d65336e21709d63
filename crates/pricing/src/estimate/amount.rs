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
    /// Whether what is unknown on both sides is the same, so that the difference is known.
    pub same_unknown: bool,
}

/// By how much something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostChange {
    /// By this.
    Exact(Usd),
    /// The known parts by this; the unknown ones differ.
    Partly(Usd),
    /// Not known: on one side nothing is known.
    Unknown,
}

impl CostChange {
    /// The known part.
    pub fn known(self) -> Option<Usd> {
        match self {
            Self::Exact(usd) | Self::Partly(usd) => Some(usd),
            Self::Unknown => None,
        }
    }
}

impl CostDelta {
    /// Nothing, before and after.
    pub const NOTHING: Self = Self {
        before: Amount::NOTHING,
        after: Amount::NOTHING,
        same_unknown: true,
    };

    /// The difference as it is shown: of the shown figures, so that they add up on the screen.
    pub fn change(self) -> CostChange {
        let Self {
            before,
            after,
            same_unknown,
        } = self;
        match (before.known(), after.known()) {
            (Some(from), Some(to)) => {
                let change = to.rounded().minus(from.rounded());
                if same_unknown {
                    CostChange::Exact(change)
                } else {
                    CostChange::Partly(change)
                }
            }
            (None, None) if same_unknown => CostChange::Exact(Usd::ZERO),
            _ => CostChange::Unknown,
        }
    }

    /// Whether nothing is unknown, before and after.
    pub fn is_complete(self) -> bool {
        self.before.is_complete() && self.after.is_complete()
    }
}

impl Add for CostDelta {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            before: self.before + other.before,
            after: self.after + other.after,
            same_unknown: self.same_unknown && other.same_unknown,
        }
    }
}

impl Sum for CostDelta {
    fn sum<I: Iterator<Item = Self>>(deltas: I) -> Self {
        deltas.fold(Self::NOTHING, Add::add)
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
        let usd = |text: &str| text.parse::<Usd>().unwrap();
        let delta = |before, after, same_unknown| CostDelta {
            before,
            after,
            same_unknown,
        };
        let exact = |text| Amount::Exact(usd(text));
        let change = delta(exact("0.004"), exact("0.006"), true).change();
        assert_eq!(change, CostChange::Exact(usd("0.01")));
        let grown = delta(Amount::AtLeast(usd("1")), Amount::AtLeast(usd("3")), true);
        assert_eq!(grown.change(), CostChange::Exact(usd("2")));
        assert!(!grown.is_complete());
        let other = delta(exact("1"), Amount::AtLeast(usd("3")), false);
        assert_eq!(other.change(), CostChange::Partly(usd("2")));
        let unknown = delta(Amount::Unknown, exact("1"), false);
        assert_eq!(unknown.change(), CostChange::Unknown);
    }
}
