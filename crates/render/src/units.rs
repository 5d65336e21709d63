//! Figures as people read them.

use std::time::Duration;

/// A time span: `0.4s`, `42s`, `4m 02s`, `1h 05m`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", (time.as_secs_f64() * 10.0).floor() / 10.0),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// An expected time: `about 40 s`, `about 12 min`.
pub fn about(seconds: u32) -> String {
    match seconds {
        0..90 => format!("about {seconds} s"),
        90..5400 => format!("about {} min", (seconds + 30) / 60),
        _ => format!("about {} h", (seconds + 1800) / 3600),
    }
}

/// A number of bytes in decimal units: `0 B`, `1.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    let scaled = |divisor: u64, unit: &str| {
        // Tenths, rounded to the nearest, without a detour through floats.
        let tenths = count.saturating_add(divisor / 20) / (divisor / 10);
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    };
    match count {
        0..1_000 => format!("{count} B"),
        1_000..999_950 => scaled(1_000, "kB"),
        999_950..999_950_000 => scaled(1_000_000, "MB"),
        _ => scaled(1_000_000_000, "GB"),
    }
}

/// `1 problem`, `2 problems`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A number with its thousands apart: `65,536`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        let shown = |ms| elapsed(Duration::from_millis(ms));
        assert_eq!(shown(0), "0.0s");
        assert_eq!(shown(440), "0.4s");
        assert_eq!(shown(9_999), "9.9s");
        assert_eq!(shown(42_000), "42s");
        assert_eq!(shown(242_000), "4m 02s");
        assert_eq!(shown(3_900_000), "1h 05m");
        assert_eq!(about(40), "about 40 s");
        assert_eq!(about(720), "about 12 min");
    }

    #[test]
    fn large_numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(65_536), "65,536");
        assert_eq!(thousands(1_048_576), "1,048,576");
    }

    #[test]
    fn bytes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(1_449_999), "1.4 MB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(2_000_000_000), "2.0 GB");
        assert!(bytes(u64::MAX).ends_with(" GB"));
    }
}
