//! Amounts as people read them.

use pgfleet_pricing::{Amount, Bill, CostChange, CostDelta, Quality, Usd};

/// `$52.56`; `$52.56 + ?` where something in it has no price; `?` where nothing has one.
pub(crate) fn amount(amount: Amount) -> String {
    match amount {
        Amount::Exact(usd) => dollars(usd),
        Amount::AtLeast(usd) => format!("{} + ?", dollars(usd)),
        Amount::Unknown => "?".to_owned(),
    }
}

/// A change with its sign; `± ?` where what is unknown changes with it.
pub(crate) fn change(delta: CostDelta) -> String {
    let signed = |usd: Usd| {
        let plus = if usd.is_negative() || usd == Usd::ZERO {
            ""
        } else {
            "+"
        };
        format!("{plus}{}", dollars(usd))
    };
    match delta.change() {
        CostChange::Exact(usd) => signed(usd),
        CostChange::Partly(usd) => format!("{} ± ?", signed(usd)),
        CostChange::Unknown => "?".to_owned(),
    }
}

fn dollars(usd: Usd) -> String {
    let shown = usd.shown();
    match shown.strip_prefix('-') {
        Some(rest) => format!("-${rest}"),
        None => format!("${shown}"),
    }
}

/// `list prices of 2023-03 to 2026-09`.
pub(super) fn dates(bill: &Bill) -> String {
    let lines = bill.components.iter();
    let dates = lines.filter_map(|line| line.quote.origin.as_of);
    let months: Vec<String> = dates
        .clone()
        .min()
        .into_iter()
        .chain(dates.max())
        .map(pgfleet_pricing::Date::month)
        .collect();
    match &months[..] {
        [first, last] if first == last => format!("list prices of {first}"),
        [first, last] => format!("list prices of {first} to {last}"),
        _ => "list prices without a date".to_owned(),
    }
}

/// A sign behind a price that was not read from a list.
pub(super) fn mark(quality: Quality) -> &'static str {
    match quality {
        Quality::Observed => "",
        Quality::Derived => "*",
        Quality::Estimated => "~",
    }
}

/// What the signs mean that a bill shows.
pub(super) fn legend(bill: &Bill) -> Option<String> {
    let has = |quality| {
        let mut lines = bill.components.iter();
        lines.any(|line| line.quote.origin.quality == quality)
    };
    let words = [
        (Quality::Derived, "* derived from other prices"),
        (Quality::Estimated, "~ estimated"),
    ];
    let words: Vec<&str> = words
        .into_iter()
        .filter(|(quality, _)| has(*quality))
        .map(|(_, word)| word)
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}
