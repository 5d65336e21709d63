//! The few figures that stand inside sentences.

use std::time::Duration;

/// `0.3 s`, `12.0 s`.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// `232 bytes`, `1.4 MB`, in powers of 1000.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000_u64), ("MB", 1_000_000), ("kB", 1000)];
    for (unit, size) in units {
        if bytes >= size {
            let tenths = u128::from(bytes) * 10 / u128::from(size);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(bytes(232), "232 bytes");
        assert_eq!(bytes(1_449_999), "1.4 MB");
        assert_eq!(bytes(u64::MAX), "18446744073.7 GB");
        assert_eq!(seconds(Duration::from_millis(10_040)), "10.0 s");
    }
}
