//! The AWS Query protocol's request: a form, with lists and structures written as dotted names.

use super::actions::{Action, Kind};
use super::errors::{ApiError, ApiResult};
use super::state::Tag;
use crate::percent;
use std::collections::BTreeMap;
use std::fmt;

/// A decoded form: each name once.
pub(crate) type Form = BTreeMap<String, String>;

/// Decodes a form's body.
pub(crate) fn decode(body: &[u8]) -> ApiResult<Form> {
    let mut form = Form::new();
    for pair in body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
    {
        let split = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = split.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        let unescape = |text| percent::decode(text, true);
        let (Some(name), Some(value)) = (unescape(name), unescape(value)) else {
            return Err(malformed("The query string is not a form in UTF-8."));
        };
        if form.contains_key(&name) {
            return Err(malformed(format!(
                "The parameter {name} is given more than once."
            )));
        }
        form.insert(name, value);
    }
    Ok(form)
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "MalformedQueryString", message)
}

/// A condition of a describe call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

#[derive(Clone)]
enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Texts(Vec<String>),
    Tags(Vec<Tag>),
    Filters(Vec<Filter>),
}

/// An action's parameters, checked against its table.
#[derive(Clone, Default)]
pub(crate) struct Arguments {
    values: BTreeMap<&'static str, Value>,
}

/// Names only, since a password may be among the values.
impl fmt::Debug for Arguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}

impl Arguments {
    /// Reads what the table of `action` allows; anything else is refused when `strict`.
    pub(crate) fn read(action: &Action, mut form: Form, strict: bool) -> ApiResult<Self> {
        form.remove("Action");
        form.remove("Version");
        let mut values = BTreeMap::new();
        for parameter in action.parameters {
            let name = parameter.name;
            let value = match parameter.kind {
                Kind::Text => form.remove(name).map(Value::Text),
                Kind::Integer => form
                    .remove(name)
                    .map(|text| integer(name, &text))
                    .transpose()?,
                Kind::Boolean => form
                    .remove(name)
                    .map(|text| boolean(name, &text))
                    .transpose()?,
                Kind::Texts(member) => take_list(&mut form, name, member)?
                    .map(|list| texts(name, list))
                    .transpose()?,
                Kind::Tags => take_list(&mut form, name, "Tag")?
                    .map(|list| tags(name, list))
                    .transpose()?,
                Kind::Filters => take_list(&mut form, name, "Filter")?
                    .map(|list| filters(name, list))
                    .transpose()?,
                Kind::Uncovered => {
                    let prefix = format!("{name}.");
                    if form
                        .keys()
                        .any(|key| key == name || key.starts_with(&prefix))
                    {
                        return Err(ApiError::combination(format!(
                            "{name} isn't supported for engine postgres by this simulator."
                        )));
                    }
                    None
                }
            };
            match value {
                Some(value) => {
                    values.insert(name, value);
                }
                None if parameter.required => {
                    return Err(ApiError::new(
                        400,
                        "MissingParameter",
                        format!("The request must contain the parameter {name}"),
                    ));
                }
                None => {}
            }
        }
        if strict && let Some(unknown) = form.keys().next() {
            return Err(ApiError::new(
                400,
                "InvalidQueryParameter",
                format!("{} has no parameter {unknown}.", action.name),
            ));
        }
        Ok(Self { values })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A parameter that the table says is required.
    pub(crate) fn required(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        match self.values.get(name) {
            Some(Value::Boolean(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Option<&[String]> {
        match self.values.get(name) {
            Some(Value::Texts(list)) => Some(list),
            _ => None,
        }
    }

    pub(crate) fn tags(&self, name: &str) -> &[Tag] {
        match self.values.get(name) {
            Some(Value::Tags(list)) => list,
            _ => &[],
        }
    }

    pub(crate) fn filters(&self) -> &[Filter] {
        match self.values.get("Filters") {
            Some(Value::Filters(list)) => list,
            _ => &[],
        }
    }
}

fn integer(name: &str, text: &str) -> ApiResult<Value> {
    let number = text.parse::<i32>().map_err(|_| {
        ApiError::value(format!(
            "Invalid value {text:?} for {name}: an integer is required."
        ))
    })?;
    Ok(Value::Integer(number.into()))
}

fn boolean(name: &str, text: &str) -> ApiResult<Value> {
    match text {
        "true" => Ok(Value::Boolean(true)),
        "false" => Ok(Value::Boolean(false)),
        _ => Err(ApiError::value(format!(
            "Invalid value {text:?} for {name}: true or false is required."
        ))),
    }
}

/// Members in order; each a map from what follows the index (`""` for a plain value).
type List = Vec<BTreeMap<String, String>>;

/// Takes `NAME.MEMBER.N...` out of the form. RDS takes `member` for every list's own member name.
fn take_list(form: &mut Form, name: &str, member: &str) -> ApiResult<Option<List>> {
    let prefix = format!("{name}.");
    let keys: Vec<String> = form
        .keys()
        .filter(|key| key.starts_with(&prefix))
        .cloned()
        .collect();
    let empty = form.remove(name);
    if keys.is_empty() {
        return match empty.as_deref() {
            None => Ok(None),
            Some("") => Ok(Some(List::new())),
            Some(_) => Err(broken_list(name)),
        };
    }
    let mut members: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
    for key in keys {
        let rest = &key[prefix.len()..];
        let (word, rest) = rest.split_once('.').ok_or_else(|| broken_list(name))?;
        let (index, field) = rest.split_once('.').unwrap_or((rest, ""));
        let plain = index.bytes().all(|byte| byte.is_ascii_digit()) && !index.starts_with('0');
        let index: usize = index.parse().map_err(|_| broken_list(name))?;
        if !plain || (word != member && word != "member") {
            return Err(broken_list(name));
        }
        let field = field.to_owned();
        let value = form.remove(&key).unwrap_or_default();
        members.entry(index).or_default().insert(field, value);
    }
    if !members.keys().copied().eq(1..=members.len()) {
        return Err(broken_list(name));
    }
    Ok(Some(members.into_values().collect()))
}

fn texts(name: &str, list: List) -> ApiResult<Value> {
    let take = |mut member: BTreeMap<String, String>| {
        member
            .remove("")
            .filter(|_| member.is_empty())
            .ok_or_else(|| broken_list(name))
    };
    Ok(Value::Texts(
        list.into_iter().map(take).collect::<ApiResult<_>>()?,
    ))
}

fn tags(name: &str, list: List) -> ApiResult<Value> {
    let take = |mut member: BTreeMap<String, String>| {
        let key = member.remove("Key").ok_or_else(|| broken_list(name))?;
        let value = member.remove("Value").unwrap_or_default();
        if member.is_empty() {
            Ok(Tag { key, value })
        } else {
            Err(broken_list(name))
        }
    };
    Ok(Value::Tags(
        list.into_iter().map(take).collect::<ApiResult<_>>()?,
    ))
}

fn filters(name: &str, list: List) -> ApiResult<Value> {
    let take = |mut member: BTreeMap<String, String>| {
        let filter = member.remove("Name").ok_or_else(|| broken_list(name))?;
        let values = take_list(&mut member, "Values", "Value")?.unwrap_or_default();
        let Value::Texts(values) = texts(name, values)? else {
            return Err(broken_list(name));
        };
        if !member.is_empty() || values.is_empty() {
            return Err(broken_list(name));
        }
        Ok(Filter {
            name: filter,
            values,
        })
    };
    Ok(Value::Filters(
        list.into_iter().map(take).collect::<ApiResult<_>>()?,
    ))
}

fn broken_list(name: &str) -> ApiError {
    ApiError::new(
        400,
        "MalformedInput",
        format!("The list {name} is malformed: its members are numbered from 1 without gaps."),
    )
}
