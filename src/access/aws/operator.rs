//! Condition operators: their names, and how each compares two values. It knows no request.
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

use std::cmp::Ordering;
use std::net::IpAddr;

use super::truth::Truth;
use crate::model::parse_timestamp;
use crate::model::wildcard::matches;

/// How two values are compared; a negated operator compares as the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Text,
    TextAnyCase,
    TextLike,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
    /// No operator of this name is known.
    Unknown,
}

/// What an ordered comparison wants the request's value to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// How the values of a key with several are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The key has one value.
    One,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// A condition operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) test: Test,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
    pub(super) over: Over,
}

const NAMES: &[(&str, Test, bool)] = &[
    ("stringequals", Test::Text, false),
    ("stringnotequals", Test::Text, true),
    ("stringequalsignorecase", Test::TextAnyCase, false),
    ("stringnotequalsignorecase", Test::TextAnyCase, true),
    ("stringlike", Test::TextLike, false),
    ("stringnotlike", Test::TextLike, true),
    ("numericequals", Test::Number(Order::Equal), false),
    ("numericnotequals", Test::Number(Order::Equal), true),
    ("numericlessthan", Test::Number(Order::Less), false),
    ("numericlessthanequals", Test::Number(Order::LessOrEqual), false),
    ("numericgreaterthan", Test::Number(Order::Greater), false),
    ("numericgreaterthanequals", Test::Number(Order::GreaterOrEqual), false),
    ("dateequals", Test::Date(Order::Equal), false),
    ("datenotequals", Test::Date(Order::Equal), true),
    ("datelessthan", Test::Date(Order::Less), false),
    ("datelessthanequals", Test::Date(Order::LessOrEqual), false),
    ("dategreaterthan", Test::Date(Order::Greater), false),
    ("dategreaterthanequals", Test::Date(Order::GreaterOrEqual), false),
    ("bool", Test::Bool, false),
    ("binaryequals", Test::Binary, false),
    ("ipaddress", Test::Address, false),
    ("notipaddress", Test::Address, true),
    ("arnequals", Test::Arn, false),
    ("arnlike", Test::Arn, false),
    ("arnnotequals", Test::Arn, true),
    ("arnnotlike", Test::Arn, true),
    ("null", Test::Null, false),
];

impl Operator {
    /// Reads a name such as `ForAnyValue:StringLikeIfExists`, in any case.
    pub(super) fn read(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (over, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Over::All, rest),
            Some(("foranyvalue", rest)) => (Over::Any, rest),
            _ => (Over::One, lower.as_str()),
        };
        let (name, if_exists) = match rest.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let known = NAMES.iter().find(|(known, ..)| *known == name);
        let (test, negated) = known.map_or((Test::Unknown, false), |(_, test, negated)| (*test, *negated));
        // `Null` asks whether the key is there, which `IfExists` would answer before.
        let test = if test == Test::Null && (if_exists || over != Over::One) { Test::Unknown } else { test };
        Self { test, negated, if_exists, over }
    }
}

/// Whether a value of the request is what a policy wants. Values that are not of the operator's type match nothing.
pub(super) fn same(test: Test, wanted: &str, value: &str) -> bool {
    match test {
        Test::Text => wanted == value,
        Test::TextAnyCase => wanted.to_lowercase() == value.to_lowercase(),
        Test::TextLike => matches(wanted, value),
        Test::Bool => wanted.eq_ignore_ascii_case(value) && (is_bool(wanted) && is_bool(value)),
        Test::Binary => wanted == value,
        Test::Arn => arn_like(wanted, value),
        Test::Address => address(wanted, value),
        Test::Number(order) => number(value)
            .zip(number(wanted))
            .and_then(|(value, wanted)| value.partial_cmp(&wanted))
            .is_some_and(|ordering| order.holds(ordering)),
        Test::Date(order) => {
            seconds(value).zip(seconds(wanted)).is_some_and(|(value, wanted)| order.holds(value.cmp(&wanted)))
        }
        Test::Null | Test::Unknown => false,
    }
}

/// As [`same`], for a time of which only the bounds are known, in seconds since 1970.
pub(super) fn same_between(test: Test, wanted: &str, from: i64, to: i64) -> Truth {
    let (Test::Date(order) | Test::Number(order)) = test else { return Truth::Open };
    let Some(wanted) = seconds(wanted) else { return Truth::False };
    let wanted = wanted.div_euclid(1_000);
    let holds = |value: i64| order.holds(value.cmp(&wanted));
    match order {
        Order::Equal if from < to && (from..=to).contains(&wanted) => Truth::Open,
        _ => Truth::from(holds(from)).either(Truth::from(holds(to))),
    }
}

fn is_bool(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A date, or seconds since 1970, in milliseconds.
fn seconds(text: &str) -> Option<i64> {
    match text.trim().parse::<i64>() {
        Ok(epoch) if !text.contains('-') || text.trim_start().starts_with('-') => epoch.checked_mul(1_000),
        _ => parse_timestamp(text).ok().map(|time| time.as_millisecond()),
    }
}

/// `ArnEquals` and `ArnLike` do the same: wildcards within each of the six parts of an ARN.
fn arn_like(pattern: &str, value: &str) -> bool {
    let (mut patterns, mut values) = (pattern.splitn(6, ':'), value.splitn(6, ':'));
    loop {
        match (patterns.next(), values.next()) {
            (Some(pattern), Some(value)) if matches(pattern, value) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Whether an address lies in a network, `203.0.113.0/24`, or is it. A network lies in a wider one.
fn address(wanted: &str, value: &str) -> bool {
    let (Some((network, bits)), Some((address, own_bits))) = (network(wanted), network(value)) else { return false };
    let (network, address, size) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (u32::from(network).into(), u32::from(address).into(), 32),
        (IpAddr::V6(network), IpAddr::V6(address)) => (u128::from(network), u128::from(address), 128),
        _ => return false,
    };
    let (bits, own_bits) = (bits.unwrap_or(size), own_bits.unwrap_or(size));
    let kept = |address: u128| if bits == 0 { 0 } else { address >> (size - bits) };
    bits <= size && own_bits >= bits && own_bits <= size && kept(network) == kept(address)
}

fn network(text: &str) -> Option<(IpAddr, Option<u32>)> {
    match text.trim().split_once('/') {
        Some((address, bits)) => Some((address.parse().ok()?, Some(bits.parse().ok()?))),
        None => Some((text.trim().parse().ok()?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator, Order, Over, Test, same, same_between};
    use crate::access::aws::truth::Truth;

    #[test]
    fn names_are_read_in_any_case() {
        let operator = Operator::read("forAnyValue:stringNOTlikeIfExists");
        assert_eq!(operator, Operator { test: Test::TextLike, negated: true, if_exists: true, over: Over::Any });
        assert_eq!(Operator::read("StringMatches").test, Test::Unknown);
        assert_eq!(Operator::read("NullIfExists").test, Test::Unknown);
    }

    #[test]
    fn values_are_compared_by_their_type() {
        let less = Test::Number(Order::Less);
        let after = Test::Date(Order::Greater);
        for (test, wanted, value, expected) in [
            (Test::Text, "a*", "a*", true),
            (Test::Text, "a", "A", false),
            (Test::TextAnyCase, "É", "é", true),
            (Test::TextLike, "a*", "abc", true),
            (Test::TextLike, "a?", "a*", true),
            (less, "10", "9.5", true),
            (less, "10", "ten", false),
            (Test::Number(Order::Equal), "1e1", "10", true),
            (after, "2020-01-01", "2020-01-01T00:00:01Z", true),
            (after, "1577836800", "2019-12-31T23:59:59Z", false),
            (Test::Date(Order::Equal), "2020-01-01T01:00:00+01:00", "1577836800", true),
            (Test::Bool, "true", "True", true),
            (Test::Bool, "yes", "yes", false),
            (Test::Address, "203.0.113.0/24", "203.0.113.7", true),
            (Test::Address, "203.0.113.0/24", "203.0.114.7", false),
            (Test::Address, "0.0.0.0/0", "198.51.100.1", true),
            (Test::Address, "0.0.0.0/0", "2001:db8::1", false),
            (Test::Address, "2001:db8::/32", "2001:db8:1::/48", true),
            (Test::Address, "10.0.0.0/99", "10.0.0.1", false),
            (Test::Arn, "arn:aws:iam::*:role/ci-*", "arn:aws:iam::1:role/ci-a", true),
            (Test::Arn, "arn:aws:iam::*", "arn:aws:iam::1:role/ci-a", false),
        ] {
            assert_eq!(same(test, wanted, value), expected, "{test:?} {wanted} {value}");
        }
    }

    #[test]
    fn a_time_between_two_may_stay_open() {
        let before = Test::Date(Order::Less);
        assert_eq!(same_between(before, "2020-01-01", 1_700_000_000, 1_700_100_000), Truth::False);
        assert_eq!(same_between(before, "2030-01-01", 1_700_000_000, 1_700_100_000), Truth::True);
        assert_eq!(same_between(before, "1700050000", 1_700_000_000, 1_700_100_000), Truth::Open);
    }
}
