//! One price with where it comes from, and the absence of one.

use std::{fmt, sync::Arc};

use crate::{Date, Usd};

/// How a price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// Read from the vendor's price list.
    Observed,
    /// Follows from observed prices by a rule that was checked against others.
    Derived,
    /// A typical figure, or one that follows from a rule of thumb.
    Estimated,
}

impl Quality {
    /// The word in files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Derived => "derived",
            Self::Estimated => "estimated",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Observed, Self::Derived, Self::Estimated];
        all.into_iter().find(|quality| quality.as_str() == word)
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// How they are known.
    pub quality: Quality,
    /// The day of the list; `None` where the source does not say.
    pub as_of: Option<Date>,
    /// The list.
    pub source: Arc<str>,
}

/// What one unit costs, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// For one unit.
    pub usd: Usd,
    /// How it is known, since when, and from where.
    pub origin: Origin,
}

/// A price, or its absence. There is no way from the absence to an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Price {
    /// It is known.
    Known(Quote),
    /// No catalog holds it. It is not zero.
    NotFound,
}

impl Price {
    /// The quote, where the price is known.
    pub fn known(self) -> Option<Quote> {
        match self {
            Self::Known(quote) => Some(quote),
            Self::NotFound => None,
        }
    }
}

impl From<Option<Quote>> for Price {
    fn from(quote: Option<Quote>) -> Self {
        quote.map_or(Self::NotFound, Self::Known)
    }
}

/// How much of a reservation is paid at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Upfront {
    /// Nothing.
    None,
    /// About half.
    Partial,
    /// Everything.
    All,
}

impl Upfront {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "no upfront",
            Self::Partial => "partial upfront",
            Self::All => "all upfront",
        }
    }
}

/// For how long one commits, and how it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Years, 1 or 3.
    pub years: u8,
    /// What is paid at the beginning.
    pub upfront: Upfront,
}

impl Term {
    /// The terms of a `terms` line, in its order.
    pub(crate) const COLUMNS: [Self; 5] = [
        Self::new(1, Upfront::None),
        Self::new(1, Upfront::Partial),
        Self::new(1, Upfront::All),
        Self::new(3, Upfront::Partial),
        Self::new(3, Upfront::All),
    ];

    const fn new(years: u8, upfront: Upfront) -> Self {
        Self { years, upfront }
    }

    /// Months of the term.
    pub fn months(self) -> u32 {
        u32::from(self.years) * 12
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let years = if self.years == 1 { "year" } else { "years" };
        write!(f, "{} {years}, {}", self.years, self.upfront.as_str())
    }
}

/// What a reservation of one unit costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermPrice {
    /// At the beginning, for the whole term.
    pub upfront: Usd,
    /// For every hour of the term.
    pub hourly: Usd,
}
