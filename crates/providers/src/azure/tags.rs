//! Tags, whose names are the same in any case.

use pgfleet_model::{TAG_ADDRESS, TAG_FLEET, TAG_MANAGED_BY, Tags};

use crate::shared::databases::TAG_PENDING;

/// Those that pgfleet sets itself.
const OURS: [&str; 5] = [
    TAG_MANAGED_BY,
    TAG_FLEET,
    TAG_ADDRESS,
    TAG_PENDING,
    "pgfleet-password-version",
];

/// The tag of pgfleet's that a name stands for.
pub(super) fn ours(name: &str) -> Option<&'static str> {
    OURS.into_iter().find(|own| own.eq_ignore_ascii_case(name))
}

/// How tags already spell a name.
pub(super) fn spelled(tags: &Tags, name: &str) -> String {
    let known = tags.keys().find(|known| known.eq_ignore_ascii_case(name));
    known.map_or(name, String::as_str).to_owned()
}

/// Sets tags beside others: one that is there in another case gets the new value.
pub(super) fn put(tags: &mut Tags, new: impl IntoIterator<Item = (String, String)>) {
    for (name, value) in new {
        let name = spelled(tags, &name);
        tags.insert(name, value);
    }
}

/// Two names that are one.
pub(super) fn doubled(tags: &Tags) -> Option<(&str, &str)> {
    let mut names = tags.keys().map(String::as_str);
    while let Some(name) = names.next() {
        let other = names.clone().find(|other| other.eq_ignore_ascii_case(name));
        if let Some(other) = other {
            return Some((name, other));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_in_another_case_is_the_same_tag() {
        let mut tags = Tags::from([("Team".to_owned(), "food".to_owned())]);
        put(&mut tags, [("team".to_owned(), "drinks".to_owned())]);
        assert_eq!(tags, Tags::from([("Team".to_owned(), "drinks".to_owned())]));
        assert_eq!(ours("Managed-By"), Some(TAG_MANAGED_BY));
        tags.insert("TEAM".to_owned(), String::new());
        assert_eq!(doubled(&tags), Some(("TEAM", "Team")));
    }
}
