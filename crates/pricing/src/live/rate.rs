//! The rate that holds today, among several that begin at different times.

use std::collections::BTreeMap;

use pgfleet_model::Availability;

use super::LiveError;
use crate::{Date, Usd};

/// Amounts by what they price, each with the day from which it holds.
#[derive(Debug)]
pub(super) struct Rates<K> {
    today: Date,
    by_key: BTreeMap<K, (Option<Date>, Usd)>,
}

/// A meter in one zone or two.
pub(super) type Meter = (String, Availability);

impl<K: Ord> Rates<K> {
    pub(super) fn new(today: Date) -> Self {
        Self {
            today,
            by_key: BTreeMap::new(),
        }
    }

    /// Takes a rate in. One that has not begun is left out; of several the one that began last
    /// holds, and of several that began on one day the highest, so that no promotion hides what
    /// everybody pays.
    pub(super) fn add(&mut self, key: K, since: Option<Date>, usd: Usd) {
        if since.is_some_and(|date| date > self.today) {
            return;
        }
        let rate = (since, usd);
        let place = self.by_key.entry(key).or_insert(rate);
        *place = rate.max(*place);
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, Usd)> {
        self.by_key.iter().map(|(key, (_, usd))| (key, *usd))
    }
}

/// The amount of a JSON number or text, digit for digit: it never becomes a float.
pub(super) fn amount(json: &str, place: &str) -> Result<Usd, LiveError> {
    let text = json.trim_matches('"');
    let plain = text.replace(['E', 'e'], "e");
    let exact = match plain.split_once('e') {
        // 1e-05 and the like: what serializers make of small numbers.
        Some((digits, exponent)) => {
            shift(digits, exponent).ok_or_else(|| LiveError::new(place, "not a price"))?
        }
        None => plain,
    };
    Usd::price(&exact).map_err(|error| LiveError::new(place, error.to_string()))
}

/// The same number without an exponent; only for the small exponents that a price can have.
fn shift(digits: &str, exponent: &str) -> Option<String> {
    let exponent: i32 = exponent.parse().ok().filter(|e| (-12..=12).contains(e))?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let zeros = "0".repeat(usize::try_from(exponent.unsigned_abs()).ok()?);
    let all = if exponent < 0 {
        format!("{zeros}{whole}{part}")
    } else {
        format!("{whole}{part}{zeros}")
    };
    let point = if exponent < 0 {
        whole.len()
    } else {
        whole.len() + zeros.len()
    };
    all.is_char_boundary(point).then(|| {
        let (whole, part) = all.split_at(point);
        if part.is_empty() {
            whole.to_owned()
        } else {
            format!("{whole}.{part}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_digit_for_digit() {
        let read = |text| amount(text, "here").map(|usd| usd.to_string());
        assert_eq!(read("0.089").unwrap(), "0.089");
        assert_eq!(read("\"0.4060000000\"").unwrap(), "0.406");
        assert_eq!(read("6E-05").unwrap(), "0.00006");
        assert_eq!(read("1.5e1").unwrap(), "15");
        assert!(read("1e400").is_err());
        assert!(read("-0.1").is_err());
        assert!(read("\"NaN\"").is_err());
        assert!(read("null").is_err());
    }

    #[test]
    fn the_rate_that_began_last_holds() {
        let date = |text: &str| text.parse::<Date>().ok();
        let usd = |text: &str| text.parse::<Usd>().unwrap();
        let mut rates = Rates::new(date("2026-09-01").unwrap());
        rates.add("disk", date("2024-09-01"), usd("0.125"));
        rates.add("disk", date("2026-08-01"), usd("0.135"));
        rates.add("disk", date("2027-01-01"), usd("0.2"));
        rates.add("disk", date("2026-08-01"), usd("0.05"));
        assert_eq!(rates.iter().collect::<Vec<_>>(), [(&"disk", usd("0.135"))]);
    }
}
