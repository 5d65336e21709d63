//! Markers of pages: where a page of a list ended, so that things that come or go meanwhile cannot
//! shift the pages. Clients must not look into one, hence the digits.

/// The marker of a page that ended with this name.
pub(crate) fn encode(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::from("m"), |mut marker, byte| {
        let _ = write!(marker, "{byte:02x}");
        marker
    })
}

/// The name that a page ended with; none where this is no marker.
pub(crate) fn decode(marker: &str) -> Option<String> {
    let digits = marker
        .strip_prefix('m')
        .filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
