//! What an expression of Terraform comes to, as far as it stands in the code: `*` in a text is a part that is not known.
//! Runs no function that reads anything.

/// How many texts one text may come to, where a part of it is one of several.
const MOST_TEXTS: usize = 16;
/// The longest text and the longest list that are kept.
const LONGEST: usize = 1024;
const MOST_ITEMS: usize = 512;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Bool(bool),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// One of these.
    Any(Vec<Value>),
    Null,
    Unknown,
}

impl Value {
    /// Every text that it may be.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Number(number) => vec![number.to_string()],
            Self::Bool(yes) => vec![yes.to_string()],
            Self::Any(values) => {
                let mut all: Vec<String> = values.iter().flat_map(Self::texts).collect();
                all.sort();
                all.dedup();
                if all.len() > MOST_TEXTS { vec!["*".to_owned()] } else { all }
            }
            Self::List(_) | Self::Map(_) | Self::Null | Self::Unknown => vec!["*".to_owned()],
        }
    }

    /// One of several values; the value itself where they are equal.
    pub(super) fn any(values: Vec<Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for value in values {
            let each = match value {
                Self::Any(inner) => inner,
                other => vec![other],
            };
            for one in each {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        match (all.len(), all.contains(&Self::Unknown)) {
            (_, true) => Self::Unknown,
            (1, _) => all.remove(0),
            (count, _) if count > MOST_TEXTS => Self::Unknown,
            _ => Self::Any(all),
        }
    }

    /// A part of a map or list by its name or number.
    pub(super) fn part(&self, key: &Self) -> Self {
        match (self, key) {
            (Self::Map(pairs), Self::Text(name)) if !name.contains('*') => {
                pairs.iter().find(|(known, _)| known == name).map_or(Self::Unknown, |(_, value)| value.clone())
            }
            // Whatever the key is, it is one of them.
            (Self::Map(pairs), Self::Any(_) | Self::Text(_)) => {
                Self::any(pairs.iter().map(|(_, value)| value.clone()).collect())
            }
            (Self::List(items), Self::Number(at)) => {
                usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned().unwrap_or(Self::Unknown)
            }
            (Self::Any(values), key) => Self::any(values.iter().map(|value| value.part(key)).collect()),
            _ => Self::Unknown,
        }
    }

    /// Whether two values are the same; nothing where a part of either is not known.
    pub(super) fn same(&self, other: &Self) -> Option<bool> {
        let is_plain = |value: &Self| match value {
            Self::Text(text) => !text.contains('*'),
            Self::Number(_) | Self::Bool(_) | Self::Null => true,
            _ => false,
        };
        (is_plain(self) && is_plain(other)).then(|| self == other || self.texts() == other.texts())
    }
}

/// Texts put together, each part being one of several.
pub(super) fn joined(parts: impl Iterator<Item = Vec<String>>) -> Value {
    let mut all = vec![String::new()];
    for part in parts {
        if all.len() * part.len() > MOST_TEXTS {
            all.iter_mut().for_each(|text| text.push('*'));
            continue;
        }
        all = all.iter().flat_map(|before| part.iter().map(move |text| format!("{before}{text}"))).collect();
    }
    if all.iter().any(|text| text.len() > LONGEST) {
        return Value::Unknown;
    }
    let mut all: Vec<String> = all.iter().map(|text| folded(text)).collect();
    all.sort();
    all.dedup();
    match all.as_slice() {
        [one] => Value::Text(one.clone()),
        _ => Value::Any(all.into_iter().map(Value::Text).collect()),
    }
}

/// One star for several.
fn folded(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for letter in text.chars() {
        if !(letter == '*' && kept.ends_with('*')) {
            kept.push(letter);
        }
    }
    kept
}

/// What a function gives. Source: Terraform language documentation, "Built-in functions".
pub(super) fn call(name: &str, given: &[Value]) -> Value {
    match (name, given) {
        ("tolist" | "tomap" | "tostring" | "distinct" | "sort" | "nonsensitive" | "sensitive", [value]) => {
            value.clone()
        }
        ("join", [Value::Text(between), Value::List(items)]) => {
            let between = vec![between.clone()];
            let mut parts = Vec::new();
            for (number, item) in items.iter().enumerate() {
                parts.extend((number > 0).then(|| between.clone()));
                parts.push(item.texts());
            }
            joined(parts.into_iter())
        }
        ("format", [Value::Text(form), rest @ ..]) => formatted(form, rest),
        ("lookup", [map, key]) => map.part(key),
        ("lookup", [map @ Value::Map(_), key, other]) => match map.part(key) {
            Value::Unknown => other.clone(),
            found => found,
        },
        ("coalesce", values) => {
            let is_blank = |value: &&Value| matches!(value, Value::Null) || **value == Value::Text(String::new());
            values.iter().find(|value| !is_blank(value)).cloned().unwrap_or(Value::Unknown)
        }
        ("toset" | "keys" | "values" | "length" | "concat" | "merge", _) => {
            of_items(name, given).unwrap_or(Value::Unknown)
        }
        _ => of_text(name, given),
    }
}

/// Functions that change one text.
fn of_text(name: &str, given: &[Value]) -> Value {
    let texts = |change: &dyn Fn(&str) -> String| match given.first() {
        Some(value) if !matches!(value, Value::List(_) | Value::Map(_) | Value::Unknown) => {
            Value::any(value.texts().iter().map(|text| Value::Text(change(text))).collect())
        }
        _ => Value::Unknown,
    };
    match (name, given) {
        ("lower", [_]) => texts(&|text| text.to_lowercase()),
        ("upper", [_]) => texts(&|text| text.to_uppercase()),
        ("trimspace", [_]) => texts(&|text| text.trim().to_owned()),
        ("replace", [_, Value::Text(old), Value::Text(new)]) if !old.starts_with('/') && !old.is_empty() => {
            texts(&|text| text.replace(old.as_str(), new))
        }
        ("trimsuffix", [_, Value::Text(end)]) => {
            texts(&|text| text.strip_suffix(end.as_str()).unwrap_or(text).to_owned())
        }
        ("trimprefix", [_, Value::Text(start)]) => {
            texts(&|text| text.strip_prefix(start.as_str()).unwrap_or(text).to_owned())
        }
        _ => Value::Unknown,
    }
}

/// Functions of lists and maps; none where one of them is not known whole.
fn of_items(name: &str, given: &[Value]) -> Option<Value> {
    let is_short = |count: usize| count <= MOST_ITEMS;
    Some(match (name, given) {
        ("toset", [Value::List(items)]) => {
            let mut unique: Vec<Value> = Vec::new();
            for item in items {
                if !unique.contains(item) {
                    unique.push(item.clone());
                }
            }
            Value::List(unique)
        }
        ("keys", [Value::Map(pairs)]) => Value::List(pairs.iter().map(|(key, _)| Value::Text(key.clone())).collect()),
        ("values", [Value::Map(pairs)]) => Value::List(pairs.iter().map(|(_, value)| value.clone()).collect()),
        ("length", [Value::List(items)]) => Value::Number(i64::try_from(items.len()).unwrap_or_default()),
        ("concat", lists) => {
            let mut all = Vec::new();
            for list in lists {
                let Value::List(items) = list else { return None };
                all.extend(items.iter().cloned());
            }
            is_short(all.len()).then_some(Value::List(all))?
        }
        ("merge", maps) => {
            let mut all: Vec<(String, Value)> = Vec::new();
            for map in maps {
                let Value::Map(pairs) = map else { return None };
                for (key, value) in pairs {
                    all.retain(|(known, _)| known != key);
                    all.push((key.clone(), value.clone()));
                }
            }
            is_short(all.len()).then_some(Value::Map(all))?
        }
        _ => return None,
    })
}

/// `format("%s-%02d", …)`.
fn formatted(form: &str, given: &[Value]) -> Value {
    let mut parts: Vec<Vec<String>> = Vec::new();
    let mut given = given.iter();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(vec![before.to_owned()]);
        if let Some(after) = after.strip_prefix('%') {
            parts.push(vec!["%".to_owned()]);
            rest = after;
            continue;
        }
        let width = after.bytes().take_while(u8::is_ascii_digit).count();
        let Some(value) = given.next() else { return Value::Unknown };
        let digits = after.get(..width).unwrap_or_default();
        let pad = |text: String| match digits.strip_prefix('0').and_then(|width| width.parse::<usize>().ok()) {
            Some(width) if width < 32 => format!("{text:0>width$}"),
            _ => text,
        };
        match after.as_bytes().get(width) {
            Some(b's' | b'v' | b'd') => parts.push(value.texts().into_iter().map(pad).collect()),
            _ => return Value::Unknown,
        }
        rest = after.get(width + 1..).unwrap_or_default();
    }
    parts.push(vec![rest.to_owned()]);
    joined(parts.into_iter())
}
