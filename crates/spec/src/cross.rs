//! What keys must agree on with each other. It works on the tree, so that a file with a wrong
//! key somewhere is told everything else in the same run.

use std::collections::HashMap;

use pgfleet_model::{PgVersion, ProviderKind};

use crate::{
    code,
    keys::MAX_REPLICAS,
    problems::{Problem, Problems},
    storage,
    text::quote,
    tree::{Entry, Node, Span, Table},
};

/// Checks a whole file whose structure has been walked over.
pub(crate) fn check(root: &Table<'_>, provider: Option<ProviderKind>, problems: &mut Problems) {
    if let Some(provider) = provider {
        region(root, provider, problems);
        version(root, provider, problems);
    }
    primary(root, provider, problems);
    groups(root, provider, problems);
}

fn region(root: &Table<'_>, provider: ProviderKind, problems: &mut Problems) {
    match (provider, root.entry("region")) {
        (ProviderKind::Local, Some(entry)) => problems.push(region_on_local(entry)),
        (ProviderKind::Local, None) | (_, Some(_)) => {}
        (_, None) => missing(root, "region", provider, "region = \"...\"", problems),
    }
}

fn region_on_local(entry: &Entry<'_>) -> Problem {
    Problem::new(
        code::REGION_ON_LOCAL,
        &entry.key_span,
        "a local fleet has no region",
    )
    .label("no effect on this machine")
    .remedy("remove it")
}

fn missing(
    root: &Table<'_>,
    key: &str,
    provider: ProviderKind,
    remedy: &str,
    problems: &mut Problems,
) {
    let span = root.get("provider").map_or(0..0, |node| node.span.clone());
    problems.push(
        Problem::new(
            code::MISSING_KEY,
            &span,
            format!("the key `{key}` is missing"),
        )
        .label(format!("{provider} needs `{key}`"))
        .remedy(format!("add {remedy}")),
    );
}

fn version(root: &Table<'_>, provider: ProviderKind, problems: &mut Problems) {
    let Some(node) = root.get("postgres") else {
        return;
    };
    let Some(Ok(PgVersion { major, minor })) = node.text().map(str::parse) else {
        return;
    };
    if minor.is_some() && provider != ProviderKind::Aws {
        problems.push(
            Problem::new(
                code::MINOR_VERSION,
                &node.span,
                format!("{provider} takes no minor version of PostgreSQL"),
            )
            .label("chosen by the platform")
            .remedy(format!("write postgres = \"{major}\"")),
        );
    }
    if provider == ProviderKind::Local && major < 13 {
        problems.push(
            Problem::new(
                code::OLD_VERSION,
                &node.span,
                format!("local fleets need PostgreSQL 13 or newer, not {major}"),
            )
            .label("too old")
            .remedy("write a version from \"13\" on, or leave the key out"),
        );
    }
}

fn primary(root: &Table<'_>, provider: Option<ProviderKind>, problems: &mut Problems) {
    let is_cloud = provider.is_some_and(|provider| provider != ProviderKind::Local);
    let Some(node) = root.get("primary") else {
        if let Some(provider) = provider.filter(|_| is_cloud) {
            missing(root, "primary", provider, "[primary] with a size", problems);
        }
        return;
    };
    let Some(table) = node.table() else { return };
    if let Some(existing) = table.get("existing") {
        for entry in table.entries.iter().filter(|entry| entry.key != "existing") {
            problems.push(
                Problem::new(
                    code::EXISTING_WITH_OTHER_KEYS,
                    &entry.key_span,
                    format!("{} cannot stand beside `existing`", quote(&entry.key)),
                )
                .label("pgfleet changes nothing on this primary")
                .remedy("remove it, or remove `existing` and let pgfleet own the primary"),
            );
        }
        reference(existing, provider, problems);
        return;
    }
    if is_cloud && table.get("size").is_none() {
        problems.push(
            Problem::new(
                code::MISSING_KEY,
                &node.span,
                "the key `primary.size` is missing",
            )
            .label("a primary in a cloud needs a size")
            .remedy("add size = \"CLASS\" or size = { vcpus = 2, memory_gib = 4 }"),
        );
    }
    storage::check("primary", table.table("storage"), None, provider, problems);
}

/// What `existing` says. The text never reaches a message: it may hold a password.
fn reference(node: &Node<'_>, provider: Option<ProviderKind>, problems: &mut Problems) {
    let is_local = provider == Some(ProviderKind::Local);
    let text = node.text().unwrap_or_default();
    let is_url = text.contains("://");
    if is_local || is_url || text.contains('@') || text.contains("password") {
        problems.hide(&node.span);
    }
    if text.is_empty() {
        return;
    }
    let good_url = ["postgres://", "postgresql://"].iter().any(|scheme| {
        text.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    if is_local && !good_url {
        problems.push(
            Problem::new(
                code::BAD_URL,
                &node.span,
                "`primary.existing` is not a connection URL",
            )
            .label("not a URL of PostgreSQL")
            .remedy("write postgresql://USER@HOST:PORT/DATABASE"),
        );
    } else if provider.is_some() && !is_local && is_url {
        problems.push(
            Problem::new(
                code::BAD_URL,
                &node.span,
                "`primary.existing` names a primary in a cloud by its identifier, not by a URL",
            )
            .label("this is a URL")
            .remedy("write the instance's identifier, such as existing = \"orders-db\""),
        );
    }
}

fn groups(root: &Table<'_>, provider: Option<ProviderKind>, problems: &mut Problems) {
    let nodes = root.list("replicas").unwrap_or_default();
    let primary = root.table("primary");
    let inherited = primary.and_then(|primary| primary.table("storage"));
    let mut names: HashMap<Option<&str>, usize> = HashMap::new();
    let mut ids = Identifiers::default();
    if let Some(node) = primary.and_then(|primary| primary.get("id")) {
        ids.take(root.text("region"), node, problems);
    }
    let mut total: u64 = 0;
    for (index, node) in nodes.iter().enumerate() {
        let Some(group) = node.table() else { continue };
        duplicate_name(index, node, group, &mut names, problems);
        if provider == Some(ProviderKind::Local)
            && let Some(entry) = group.entry("region")
        {
            problems.push(region_on_local(entry));
        }
        storage::check(
            &format!("replicas[{index}]"),
            group.table("storage"),
            inherited,
            provider,
            problems,
        );
        let region = group.text("region").or_else(|| root.text("region"));
        for node in group.list("ids").unwrap_or_default() {
            ids.take(region, node, problems);
        }
        let before = total;
        total += u64::from(count(group, problems));
        if before <= MAX_REPLICAS.into() && total > MAX_REPLICAS.into() {
            let span = group
                .get("count")
                .or(group.get("ids"))
                .map_or(&node.span, |at| &at.span);
            problems.push(
                Problem::new(
                    code::TOO_MANY_REPLICAS,
                    span,
                    format!("the fleet has more than {MAX_REPLICAS} replicas"),
                )
                .label(format!("with this group it has {total}"))
                .remedy("lower the counts"),
            );
        }
    }
}

fn duplicate_name<'t>(
    index: usize,
    node: &Node<'_>,
    group: &'t Table<'_>,
    names: &mut HashMap<Option<&'t str>, usize>,
    problems: &mut Problems,
) {
    // A name of another type has been reported; it is not "no name".
    if group.get("name").is_some() && group.text("name").is_none() {
        return;
    }
    let name = group.text("name");
    let Some(first) = names.get(&name) else {
        names.insert(name, index);
        return;
    };
    let span = group.get("name").map_or(&node.span, |name| &name.span);
    let problem = match name {
        Some(name) => Problem::new(
            code::DUPLICATE_GROUP,
            span,
            format!(
                "the group name {} stands in replicas[{first}] already",
                quote(name)
            ),
        ),
        None => Problem::new(
            code::DUPLICATE_GROUP,
            span,
            format!("this group has no name, nor has replicas[{first}]"),
        ),
    };
    problems.push(
        problem
            .label("names must be unique")
            .remedy("give it a name of its own: name = \"eu\""),
    );
}

/// How many replicas a group asks for; 0 where its count has been refused already.
fn count(group: &Table<'_>, problems: &mut Problems) -> u32 {
    let ids = group.list("ids").map(<[_]>::len);
    let listed = ids.and_then(|ids| u32::try_from(ids).ok());
    let Some(node) = group.get("count") else {
        return listed.unwrap_or(1);
    };
    let Some(count) = group.whole("count").filter(|count| *count <= MAX_REPLICAS) else {
        return 0;
    };
    if let Some(ids) = ids
        && listed != Some(count)
    {
        problems.push(
            Problem::new(
                code::COUNT_MISMATCH,
                &node.span,
                format!("`count` is {count}, but `ids` names {ids}"),
            )
            .label("not the number of ids")
            .remedy("leave `count` out: it follows from `ids`"),
        );
    }
    count
}

/// The identifiers that the file spells out.
#[derive(Default)]
struct Identifiers {
    seen: HashMap<(String, String), Span>,
}

impl Identifiers {
    fn take(&mut self, region: Option<&str>, node: &Node<'_>, problems: &mut Problems) {
        let Some(id) = node.text().filter(|id| !id.is_empty()) else {
            return;
        };
        let key = (region.unwrap_or_default().to_owned(), id.to_owned());
        if self.seen.insert(key, node.span.clone()).is_some() {
            problems.push(
                Problem::new(
                    code::DUPLICATE_ID,
                    &node.span,
                    format!("the identifier {} stands in this file twice", quote(id)),
                )
                .label("second time")
                .remedy("each instance needs an identifier of its own"),
            );
        }
    }
}
