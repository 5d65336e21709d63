//! Valid plans with random damage: parsing never panics, and says at a real place what is wrong.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod support;

use support::{VALID, named, to_json};

/// A small generator of pseudo-random numbers (xorshift); the seed makes a failure repeatable.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

const PIECES: &[&str] = &[
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    ",",
    ":",
    "#",
    "\n",
    "\\",
    "\u{0}",
    "\u{e4}",
    "\u{1f600}",
    "-",
    "1",
    "true",
    "null",
    "\"\"\"",
    "[[replicas]]\n",
    "[primary]\n",
    "e9",
    "\r",
];

fn damaged(text: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(chars.len() + 1);
        let length = random.below(12).min(chars.len() - at);
        match random.below(4) {
            0 => drop(chars.drain(at..at + length)),
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
            2 => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at + length, piece.chars());
            }
            _ => {
                let copied: Vec<char> = chars[at..at + length].to_vec();
                let to = random.below(chars.len() + 1);
                chars.splice(to..to, copied);
            }
        }
    }
    chars.into_iter().collect()
}

#[test]
fn damage_is_always_explained() {
    let mut files: Vec<(String, String)> = VALID
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    for (name, text) in VALID {
        let twin = serde_json::to_string_pretty(&to_json(text)).unwrap();
        files.push((name.replace(".toml", ".json"), twin));
    }
    let mut refused = 0;
    for seed in 1..=500 {
        for (name, text) in &files {
            let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let text = damaged(text, &mut random);
            let Err(found) = named(name, &text) else {
                continue;
            };
            refused += 1;
            assert!(
                !found.is_empty(),
                "seed {seed}, {name}: refused without a reason"
            );
            for found in found {
                assert!(pgfleet_spec::CODES.contains(&found.code), "{}", found.code);
                assert!(
                    !found.message.is_empty() && !found.remedy.is_empty(),
                    "{found:?}"
                );
                let Some(place) = &found.place else {
                    assert_eq!(found.code, "spec/too-many-problems");
                    continue;
                };
                let source = &found.source.text;
                assert!(
                    source.get(place.span.clone()).is_some(),
                    "seed {seed}, {name}: {found:?}"
                );
                assert!(place.line <= source.matches('\n').count() + 1);
                assert!(place.column >= 1);
            }
        }
    }
    assert!(
        refused > 1000,
        "only {refused} files were damaged enough to matter"
    );
}
