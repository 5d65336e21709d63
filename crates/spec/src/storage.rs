//! What the keys of `storage` must agree on with the provider and with each other.

use pgfleet_model::ProviderKind;

use crate::{
    code,
    problems::{Problem, Problems},
    text::{either, nearest, quote},
    tree::Table,
};

/// The words for kinds of disk; `None` where every word is accepted and ignored.
fn kinds(provider: ProviderKind) -> Option<&'static [&'static str]> {
    match provider {
        ProviderKind::Aws => Some(&["gp2", "gp3", "io1", "io2"]),
        ProviderKind::Gcp => Some(&["PD_SSD", "PD_HDD"]),
        ProviderKind::Azure => Some(&["premium-ssd", "premium-ssd-v2"]),
        ProviderKind::Local => None,
    }
}

/// Checks the disk of `owner` (`primary`, `replicas[0]`), whose missing keys are `inherited`.
pub(crate) fn check(
    owner: &str,
    own: Option<&Table<'_>>,
    inherited: Option<&Table<'_>>,
    provider: Option<ProviderKind>,
    problems: &mut Problems,
) {
    let Some(own) = own else { return };
    let Some((provider, kinds)) = provider.and_then(|p| Some((p, kinds(p)?))) else {
        return;
    };
    if let Some(node) = own.get("type")
        && let Some(text) = node.text()
        && !kinds.contains(&text)
    {
        let meant = nearest(text, kinds.iter().copied());
        problems.push(
            Problem::new(
                code::STORAGE_TYPE,
                &node.span,
                format!("{} is no kind of disk on {provider}", quote(text)),
            )
            .label(meant.map_or_else(String::new, |word| format!("did you mean `{word}`?")))
            .remedy(format!("write {}", either(kinds))),
        );
    }
    let (wrong, right) = if provider == ProviderKind::Aws {
        (
            "autogrow",
            "autogrow_to_gib = 500: RDS wants to know up to how many GiB",
        )
    } else {
        (
            "autogrow_to_gib",
            "autogrow = true: the platform sets the limit",
        )
    };
    if let Some(entry) = own.entry(wrong) {
        problems.push(
            Problem::new(
                code::AUTOGROW,
                &entry.key_span,
                format!("{provider} does not know `{owner}.storage.{wrong}`"),
            )
            .label("for other providers")
            .remedy(format!("write {right}")),
        );
    }
    if provider == ProviderKind::Gcp {
        for name in ["iops", "throughput"] {
            if let Some(entry) = own.entry(name) {
                problems.push(
                    Problem::new(
                        code::STORAGE_OPTION,
                        &entry.key_span,
                        format!("gcp does not take `{owner}.storage.{name}`"),
                    )
                    .label("follows from the size of the disk")
                    .remedy("remove it; a larger disk is a faster one"),
                );
            }
        }
    }
    let whole = |key| {
        let own = own.get(key).map(|node| (node, own.whole(key)));
        own.or_else(|| inherited.and_then(|from| Some((from.get(key)?, from.whole(key)))))
    };
    if provider == ProviderKind::Aws
        && let (Some((_, Some(gib))), Some((node, Some(limit)))) =
            (whole("gib"), whole("autogrow_to_gib"))
        && limit < gib
    {
        // The inherited one is right for the primary: point at what the group itself says.
        let at = own
            .get("autogrow_to_gib")
            .or(own.get("gib"))
            .map_or(&node.span, |at| &at.span);
        if own.get("gib").is_some() || own.get("autogrow_to_gib").is_some() {
            problems.push(
                Problem::new(
                    code::AUTOGROW_LIMIT,
                    at,
                    format!("the disk of `{owner}` may grow to {limit} GiB but begins with {gib}"),
                )
                .label("the limit is below the size")
                .remedy(format!("set autogrow_to_gib to {gib} or more")),
            );
        }
    }
}
