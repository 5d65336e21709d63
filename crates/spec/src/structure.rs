//! Compares a tree with the table of keys: unknown keys, wrong types, impossible values.

use pgfleet_model::{ProviderKind, TAG_MANAGED_BY, TAG_PREFIX};

use crate::{
    code, example,
    keys::{Key, Kind},
    problems::{Problem, Problems},
    rules::{self, Rule},
    syntax::Format,
    text::{either, nearest, quote},
    tree::{Entry, Node, Span, Table, Value},
};

/// The walk over one file.
pub(crate) struct Walk<'p> {
    pub(crate) problems: &'p mut Problems,
    pub(crate) format: Format,
    /// The plan's provider, where the file names one that there is.
    pub(crate) provider: Option<ProviderKind>,
}

impl Walk<'_> {
    /// Checks a table whose own path is `path` (empty at the top) and whose place is `span`.
    pub(crate) fn table(&mut self, path: &str, span: &Span, table: &Table<'_>, keys: &[Key]) {
        for entry in &table.entries {
            match keys.iter().find(|key| key.name == entry.key) {
                Some(key) => self.key(&join(path, key.name), key, entry),
                None => self.unknown_key(path, entry, keys),
            }
        }
        for key in keys
            .iter()
            .filter(|key| key.required && table.get(key.name).is_none())
        {
            self.problems.push(
                Problem::new(
                    code::MISSING_KEY,
                    span,
                    format!("the key `{}` is missing", join(path, key.name)),
                )
                .label(format!("`{}` is required", key.name))
                .remedy(format!("add {}", example::assign(key, self.format))),
            );
        }
    }

    fn unknown_key(&mut self, path: &str, entry: &Entry<'_>, keys: &[Key]) {
        let names: Vec<_> = keys.iter().map(|key| key.name).collect();
        let meant = nearest(&entry.key, names.iter().copied());
        let lower = entry.key.to_lowercase();
        if path.ends_with("password")
            || meant == Some("password")
            || ["pass", "pwd", "secret"]
                .iter()
                .any(|word| lower.contains(word))
        {
            self.problems.hide(&entry.node.span);
        }
        let mut problem = Problem::new(
            code::UNKNOWN_KEY,
            &entry.key_span,
            format!("unknown key {}", quote(&join(path, &entry.key))),
        );
        problem = match meant {
            Some(word) => problem
                .label(format!("did you mean `{word}`?"))
                .remedy(format!("write `{word}`, or leave the key out")),
            None if names.is_empty() => problem
                .label("no key is known here")
                .remedy("leave the key out"),
            None => problem
                .label("not a key of a plan file")
                .remedy(format!("the keys known here: {}", names.join(", "))),
        };
        self.problems.push(problem);
    }

    fn key(&mut self, path: &str, key: &Key, entry: &Entry<'_>) {
        let node = &entry.node;
        match (&key.kind, &node.value) {
            (Kind::Text(rule), Value::Text(text)) => self.text(path, rule, text, &node.span),
            (Kind::Word(words), Value::Text(text)) => self.word(path, words, text, &node.span),
            (Kind::Flag, Value::Flag(_)) => {}
            (Kind::Whole(min, max), Value::Integer(digits)) => {
                let good = digits
                    .parse()
                    .is_ok_and(|number: u32| (*min..=*max).contains(&number));
                let range = format!("a whole number from {min} to {max}");
                self.in_range(good, path, &range, digits, &node.span);
            }
            (Kind::Number(min, max), Value::Integer(digits) | Value::Float(digits)) => {
                let good = node
                    .number()
                    .is_some_and(|number| number >= *min && number <= *max);
                let range = format!("a number from {min} to {max}");
                self.in_range(good, path, &range, digits, &node.span);
            }
            (Kind::Above(min, max), Value::Integer(digits) | Value::Float(digits)) => {
                let good = node
                    .number()
                    .is_some_and(|number| number > *min && number <= *max);
                let range = format!("a number above {min}, at most {max}");
                self.in_range(good, path, &range, digits, &node.span);
            }
            (Kind::Money, Value::Integer(text) | Value::Float(text) | Value::Text(text)) => {
                if !rules::is_money(text) {
                    self.problems.push(
                        Problem::new(
                            code::BAD_MONEY,
                            &node.span,
                            format!("`{path}` is not an amount of money: {}", quote(text)),
                        )
                        .label("not an amount")
                        .remedy("write a plain decimal of zero or more, such as 700 or 700.50"),
                    );
                }
            }
            (Kind::Texts(rule), Value::List(nodes)) => self.texts(path, key, rule, nodes),
            (Kind::Command(rule), Value::List(nodes)) => {
                if nodes.is_empty() {
                    self.empty(path, &node.span);
                }
                self.texts(path, key, rule, nodes);
            }
            (Kind::Tags, Value::Table(table)) => self.tags(path, table),
            (Kind::Table(keys) | Kind::Size(keys), Value::Table(table)) => {
                self.table(path, &node.span, table, keys);
            }
            (Kind::Tables(keys), Value::List(nodes)) => {
                for (index, node) in nodes.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    match node.table() {
                        Some(table) => self.table(&path, &node.span, table, keys),
                        None => self.wrong_type(&path, key, node),
                    }
                }
            }
            (Kind::Size(_), Value::Text(text)) => {
                self.text(path, &rules::LABEL, text, &node.span);
            }
            (Kind::Password(keys), _) => self.password(path, keys, node),
            (Kind::Platform(kind, keys), Value::Table(table)) => {
                if !self.other_provider(path, *kind, entry) {
                    self.table(path, &node.span, table, keys);
                }
            }
            (Kind::GroupPlatform(kind, keys), Value::Table(table)) => {
                if !self.other_provider(path, *kind, entry) {
                    self.table(path, &node.span, table, keys);
                    self.not_per_group(*kind, table, keys);
                }
            }
            _ => self.wrong_type(path, key, node),
        }
    }

    fn texts(&mut self, path: &str, key: &Key, rule: &Rule, nodes: &[Node<'_>]) {
        for (index, node) in nodes.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match node.text() {
                Some(text) => self.text(&path, rule, text, &node.span),
                None => self.wrong_type(&path, key, node),
            }
        }
    }

    fn text(&mut self, path: &str, rule: &Rule, text: &str, span: &Span) {
        if text.is_empty() {
            self.empty(path, span);
        } else if text.chars().any(char::is_control) {
            if rule.secret {
                self.problems.hide(span);
            }
            self.control_character(path, span);
        } else if text.len() > rule.max {
            if rule.secret {
                self.problems.hide(span);
            }
            self.too_long(path, rule.max, span);
        } else if let Err(complaint) = (rule.check)(text) {
            if rule.secret {
                self.problems.hide(span);
            }
            self.problems.push(
                Problem::new(complaint.code, span, complaint.message).remedy(complaint.remedy),
            );
        }
    }

    fn word(&mut self, path: &str, words: &[&'static str], text: &str, span: &Span) {
        if words.contains(&text) {
            return;
        }
        let label = nearest(text, words.iter().copied())
            .map_or_else(String::new, |word| format!("did you mean `{word}`?"));
        self.problems.push(
            Problem::new(
                code::UNKNOWN_WORD,
                span,
                format!("`{path}` cannot be {}", quote(text)),
            )
            .label(label)
            .remedy(format!("write {}", either(words))),
        );
    }

    fn tags(&mut self, path: &str, table: &Table<'_>) {
        for Entry {
            key,
            key_span,
            node,
        } in &table.entries
        {
            let path = join(path, key);
            if is_own_tag(key) {
                self.problems.push(
                    Problem::new(
                        code::RESERVED_TAG,
                        key_span,
                        format!("the tag {} is pgfleet's own", quote(key)),
                    )
                    .label("set by pgfleet")
                    .remedy(format!(
                        "leave it out: `{TAG_MANAGED_BY}` and all that begins with `{TAG_PREFIX}` \
                         is set by pgfleet itself"
                    )),
                );
            } else if key.is_empty() {
                self.empty("tags", key_span);
            } else if key.chars().any(char::is_control) {
                self.control_character("tags", key_span);
            } else if key.chars().count() > rules::TAG_NAME {
                self.too_long("tags", rules::TAG_NAME, key_span);
            }
            match node.text() {
                Some(text) if text.chars().any(char::is_control) => {
                    self.control_character(&path, &node.span);
                }
                Some(text) if text.chars().count() > rules::TAG_TEXT => {
                    self.too_long(&path, rules::TAG_TEXT, &node.span);
                }
                Some(_) => {}
                None => self.problems.push(
                    Problem::new(
                        code::WRONG_TYPE,
                        &node.span,
                        format!("{} must be text, not {}", quote(&path), node.kind()),
                    )
                    .label(format!("this is {}", node.kind()))
                    .remedy("tags hold text; put the value in quotes"),
                ),
            }
        }
    }

    fn password(&mut self, path: &str, keys: &[Key], node: &Node<'_>) {
        let Some(table) = node.table() else {
            self.problems.hide(&node.span);
            self.problems.push(
                Problem::new(
                    code::PASSWORD_LITERAL,
                    &node.span,
                    format!("`{path}` must say where the password is, not what it is"),
                )
                .label("a password in a file is a password everybody has")
                .remedy(
                    "write { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\"] }; \
                     if this was the real one, change it",
                ),
            );
            return;
        };
        self.table(path, &node.span, table, keys);
        let given = keys
            .iter()
            .filter(|key| table.get(key.name).is_some())
            .count();
        if given != 1 {
            self.problems.push(
                Problem::new(
                    code::PASSWORD_SOURCE,
                    &node.span,
                    format!("`{path}` must hold exactly one of env, file and command"),
                )
                .label(format!("{given} of them"))
                .remedy("name the one place where the password is read"),
            );
        }
    }

    fn other_provider(&mut self, path: &str, kind: ProviderKind, entry: &Entry<'_>) -> bool {
        let Some(provider) = self.provider.filter(|provider| *provider != kind) else {
            return false;
        };
        self.problems.push(
            Problem::new(
                code::OTHER_PROVIDER,
                &entry.key_span,
                format!("`{path}` has no effect: provider is {provider}"),
            )
            .label(format!("only for provider {kind}"))
            .remedy(format!("remove it, or set provider to \"{kind}\"")),
        );
        true
    }

    fn not_per_group(&mut self, kind: ProviderKind, table: &Table<'_>, keys: &[Key]) {
        for entry in &table.entries {
            if keys
                .iter()
                .any(|key| key.name == entry.key && !key.per_group)
            {
                self.problems.push(
                    Problem::new(
                        code::NOT_PER_GROUP,
                        &entry.key_span,
                        format!("{} cannot differ from group to group", quote(&entry.key)),
                    )
                    .label("holds for the whole fleet")
                    .remedy(format!("move it to [{kind}]")),
                );
            }
        }
    }

    fn in_range(&mut self, good: bool, path: &str, range: &str, digits: &str, span: &Span) {
        if !good {
            self.problems.push(
                Problem::new(
                    code::OUT_OF_RANGE,
                    span,
                    format!("`{path}` cannot be {}", quote(digits)),
                )
                .label("out of range")
                .remedy(format!("write {range}")),
            );
        }
    }

    fn empty(&mut self, path: &str, span: &Span) {
        self.problems.push(
            Problem::new(code::EMPTY, span, format!("`{path}` is empty"))
                .label("nothing in it")
                .remedy("fill it in, or leave the key out"),
        );
    }

    fn control_character(&mut self, path: &str, span: &Span) {
        self.problems.push(
            Problem::new(
                code::CONTROL_CHARACTER,
                span,
                format!("{} holds a control character", quote(path)),
            )
            .label("a line break, a tab or the like")
            .remedy("write the text on one line, without control characters"),
        );
    }

    fn too_long(&mut self, path: &str, max: usize, span: &Span) {
        self.problems.push(
            Problem::new(code::TOO_LONG, span, format!("{} is too long", quote(path)))
                .label(format!("at most {max}"))
                .remedy(format!("shorten it to {max} characters or fewer")),
        );
    }

    fn wrong_type(&mut self, path: &str, key: &Key, node: &Node<'_>) {
        let wanted = example::kind(&key.kind);
        let remedy = match (&key.kind, &node.value) {
            (Kind::Text(_) | Kind::Word(_), Value::Integer(digits) | Value::Float(digits)) => {
                format!(
                    "quote it: {}",
                    example::assign_text(key.name, digits, self.format)
                )
            }
            _ => format!("for example {}", example::assign(key, self.format)),
        };
        self.problems.push(
            Problem::new(
                code::WRONG_TYPE,
                &node.span,
                format!("`{path}` must be {wanted}, not {}", node.kind()),
            )
            .label(format!("this is {}", node.kind()))
            .remedy(remedy),
        );
    }
}

/// Whether a tag is pgfleet's own, on platforms that do not tell cases apart too.
fn is_own_tag(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key == TAG_MANAGED_BY || key.starts_with(TAG_PREFIX)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
