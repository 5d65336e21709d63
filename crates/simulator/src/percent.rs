//! Percent-encoding, undone.

/// The text that bytes stand for; none where they are encoded wrongly, or no UTF-8. In forms and
/// queries, `+` stands for a space.
pub(crate) fn decode(text: &[u8], form: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if form => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}
