//! A day, to tell how old a price is.

use std::{fmt, str::FromStr};

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day that is so many days after 1970-01-01. `None` beyond the year 9999.
    pub fn from_unix_days(days: u32) -> Option<Self> {
        // Years begin in March here, so that the odd day stands at their end.
        let shifted = days.checked_add(719_468)?;
        let era = shifted / 146_097;
        let of_era = shifted % 146_097;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + u32::from(month <= 2);
        Some(Self {
            year: u16::try_from(year).ok().filter(|year| *year <= 9999)?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        })
    }

    /// Days from `earlier` to this day; none where it is not earlier.
    pub fn days_since(self, earlier: Self) -> u32 {
        self.ordinal().saturating_sub(earlier.ordinal())
    }

    /// The month, such as `2026-09`.
    pub fn month(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// Days since a day before all others.
    fn ordinal(self) -> u32 {
        let (year, month) = (u32::from(self.year), u32::from(self.month));
        let year = if month <= 2 {
            year.saturating_sub(1)
        } else {
            year
        };
        let shifted_month = (month + 9) % 12;
        let of_year = (153 * shifted_month + 2) / 5 + u32::from(self.day);
        365 * year + year / 4 - year / 100 + year / 400 + of_year
    }
}

impl FromStr for Date {
    type Err = &'static str;

    /// Reads `2026-09-05`; what follows after a `T` is left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a date such as 2026-09-05";
        let text = text.split('T').next().unwrap_or_default();
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits);
            let part = part.filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
            part.and_then(|part| part.parse::<u16>().ok()).ok_or(WRONG)
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=last).contains(&day) {
            return Err(WRONG);
        }
        let narrow = |number: u16| u8::try_from(number).map_err(|_| WRONG);
        Ok(Self {
            year,
            month: narrow(month)?,
            day: narrow(day)?,
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(date("2026-09-05").days_since(date("2026-09-01")), 4);
        assert_eq!(date("2024-03-01").days_since(date("2024-02-28")), 2);
        assert_eq!(date("2026-01-01").days_since(date("2025-01-01")), 365);
        assert_eq!(date("2026-01-01").days_since(date("2027-01-01")), 0);
        assert_eq!(Date::from_unix_days(0), Some(date("1970-01-01")));
        assert_eq!(Date::from_unix_days(20_601), Some(date("2026-05-28")));
        let counted = date("2026-05-28").days_since(date("1970-01-01"));
        assert_eq!(counted, 20_601);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "2026-9-5",
            "2026-09-05-1",
            "x-y-z",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert_eq!(date("2026-08-01T00:00:00Z"), date("2026-08-01"));
    }
}
