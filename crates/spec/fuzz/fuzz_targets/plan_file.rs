//! Whatever the bytes: no panic, no hang, and where a file is refused, every problem has its place.
//!
//! ```sh
//! cargo install cargo-fuzz
//! cd crates/spec && cargo +nightly fuzz run plan_file -- -max_total_time=600
//! ```

#![no_main]

use std::{path::Path, sync::Arc};

use libfuzzer_sys::fuzz_target;
use pgfleet_spec::{SourceFile, parse};

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses the format.
    let Some((format, bytes)) = bytes.split_first() else { return };
    let name = if format % 2 == 0 { "plan.toml" } else { "plan.json" };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Arc::new(SourceFile { name: name.to_owned(), text: text.to_owned() });
    match parse(source, Path::new("/plans")) {
        Ok(spec) => {
            let addresses = spec.addresses();
            assert!(addresses.len() <= 1_001);
            for (address, id, _) in addresses {
                assert_eq!(address.to_string().parse().as_ref(), Ok(&address));
                assert!(!id.as_str().is_empty());
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                if let Some(place) = problem.place {
                    assert!(place.span.end <= text.len() && place.line >= 1 && place.column >= 1);
                    assert!(text.is_char_boundary(place.span.start));
                }
            }
        }
    }
});
