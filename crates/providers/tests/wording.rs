//! What people read has no holes in it: a text that goes on over lines of source needs a backslash at
//! the end of each, and without it the indentation is told as well.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Crates whose texts are sentences. Others print columns.
const CRATES: [&str; 6] = [
    "executor",
    "model",
    "planner",
    "provider",
    "providers",
    "spec",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The string literals of a source file, raw ones left out. What a backslash at the end of a line takes
/// away is taken away.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, here) = rest.split_at(at);
        let after =
            |from: usize, end: &str| here[from..].split_once(end).map_or("", |(_, rest)| rest);
        rest = if here.starts_with("//") {
            after(2, "\n")
        } else if here.starts_with("'\\") {
            after(3, "'")
        } else if let Some(rest) = here.strip_prefix("'\"'") {
            rest
        } else if let Some(inside) = here.strip_prefix('"') {
            let opening = before.trim_end_matches('#');
            if opening.ends_with('r') {
                let hashes = before.len() - opening.len();
                after(1, &format!("\"{}", "#".repeat(hashes)))
            } else {
                let (literal, rest) = literal(inside);
                found.push(literal);
                rest
            }
        } else {
            &here[1..]
        };
    }
    found
}

/// A literal whose opening quote is behind, and what follows it.
fn literal(text: &str) -> (String, &str) {
    let mut literal = String::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[sign.len_utf8()..];
        match sign {
            '"' => break,
            '\\' if rest.starts_with('\n') => rest = rest.trim_start(),
            '\\' => {
                let escaped = rest.chars().next().unwrap_or_default();
                rest = &rest[escaped.len_utf8()..];
                literal.extend(['\\', escaped]);
            }
            sign => literal.push(sign),
        }
    }
    (literal, rest)
}

/// Whether a text has a run of spaces in its middle that nobody writes. SQL, files and what is told in
/// lines have columns.
fn has_hole(text: &str) -> bool {
    let has_columns = text.starts_with('#') || text.starts_with("SELECT ") || text.contains("\\n");
    !has_columns && text.trim().replace('\n', " ").contains("    ")
}

#[test]
fn no_text_has_a_hole_where_its_source_goes_on_in_another_line() {
    assert_eq!(
        literals("a(\"x \\\n    y\", '\"', r\"z\") // \"n\"\nb(\"v\")"),
        ["x y", "v"]
    );
    assert!(has_hole("run         this") && !has_hole("run this"));
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in CRATES {
        let mut files = Vec::new();
        sources(&crates.join(name).join("src"), &mut files);
        assert!(!files.is_empty(), "{name}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for literal in literals(&text) {
                assert!(!has_hole(&literal), "{}: {literal:?}", file.display());
            }
        }
    }
}
