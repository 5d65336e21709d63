//! One file, from its text to its spec.

use std::{path::Path, sync::Arc};

use pgfleet_model::ProviderKind;

use crate::{
    Diagnostic, Place, SourceFile, Spec,
    build::Builder,
    code, cross, duplicates,
    keys::ROOT,
    problems::{Problem, Problems},
    redact,
    structure::Walk,
    syntax::{self, Format},
};

/// One file that was read, right or wrong.
pub(crate) struct Draft {
    /// The file as it may be shown.
    pub(crate) source: Arc<SourceFile>,
    /// The fleet's name and where it stands, even where the rest is wrong.
    pub(crate) fleet: Option<(String, Place)>,
    pub(crate) result: Result<Spec, Vec<Diagnostic>>,
}

/// Parses and checks the text of one plan file: JSON where its name ends in `.json`, TOML
/// otherwise. Relative paths in it begin at the folder `base`.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file; never an empty list. At most 100
/// diagnostics are listed, of which the last then says how many are not.
pub fn parse(source: Arc<SourceFile>, base: &Path) -> Result<Spec, Vec<Diagnostic>> {
    draft(source, base).result
}

pub(crate) fn draft(source: Arc<SourceFile>, base: &Path) -> Draft {
    let source = without_bom(source);
    let format = Format::of(&source.name);
    let mut problems = Problems::new(source.clone());
    let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
    let Some(root) = syntax::parse(&source.text, format, &mut problems) else {
        for secret in redact::guess(&source.text) {
            problems.hide(&secret);
        }
        let (source, _, list) = problems.finish();
        return Draft {
            source,
            fleet: None,
            result: Err(list),
        };
    };
    let provider = root.text("provider").and_then(|word| {
        ProviderKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
    });
    Walk {
        problems: &mut problems,
        format,
        provider,
    }
    .table("", &(0..0), &root, ROOT);
    cross::check(&root, provider, &mut problems);
    let fleet = root.get("fleet").and_then(|node| {
        Some((
            node.text()?.to_owned(),
            problems.index.place(&source.text, node.span.clone()),
        ))
    });
    let sound = problems.is_empty();
    let (source, index, mut list) = problems.finish();
    let builder = Builder {
        source: &source,
        index: &index,
        base: &base,
    };
    let spec = provider
        .filter(|_| sound)
        .and_then(|provider| builder.spec(&root, provider));
    if spec.is_none() && list.is_empty() {
        // Not known to happen; a refusal without a reason would help nobody.
        let mut unread = Problems::new(source.clone());
        unread.push(
            Problem::new(code::WRONG_TYPE, &(0..0), "the plan cannot be read")
                .remedy("compare it with the output of `pgfleet schema`"),
        );
        list = unread.finish().2;
    }
    let result = spec.ok_or(list).and_then(|spec| {
        let twice = duplicates::check(&[&spec]);
        if twice.is_empty() {
            Ok(spec)
        } else {
            Err(twice.into_iter().map(|(_, found)| found).collect())
        }
    });
    Draft {
        source,
        fleet,
        result,
    }
}

/// Editors on Windows begin files with a byte order mark that nobody sees; columns are counted
/// without it.
fn without_bom(source: Arc<SourceFile>) -> Arc<SourceFile> {
    match source.text.strip_prefix('\u{feff}') {
        None => source,
        Some(text) => Arc::new(SourceFile {
            name: source.name.clone(),
            text: text.to_owned(),
        }),
    }
}
