//! From the XML of the Query protocol, EC2 and S3 to the JSON that the AWS CLI makes of it. It must not know any service.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// How deep elements may lie in each other.
const DEEPEST: usize = 64;

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

/// Reads a document: the content of its root element, without the `…Result` that the Query protocol puts around it.
///
/// # Errors
/// Says that it is no XML, ends in the middle or lies too deep.
pub(super) fn read(xml: &[u8]) -> Result<Value, String> {
    let text = String::from_utf8_lossy(xml);
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|_| "the answer is no XML".to_owned())? {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err("the answer lies deeper than any of AWS".to_owned());
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(empty) => {
                let name = empty.local_name().as_ref().to_owned();
                if let Some(parent) = open.last_mut() {
                    parent.children.push((name, Value::Null));
                }
            }
            Event::Text(piece) => add(&mut open, &piece),
            Event::CData(piece) => add(&mut open, &piece),
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().ok().flatten().map(String::from);
                let known = || quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned);
                add(&mut open, &letter.or_else(known).unwrap_or_default());
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { continue };
                let (name, value) = (element.name.clone(), element.value());
                match open.last_mut() {
                    Some(parent) => parent.children.push((name, value)),
                    None => root = Some(value),
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let root = root.ok_or_else(|| "the answer ends in the middle".to_owned())?;
    Ok(unwrapped(root))
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

impl Element {
    fn value(self) -> Value {
        if self.children.is_empty() {
            return match self.text.trim() {
                "" => Value::Null,
                text => Value::String(text.to_owned()),
            };
        }
        let are = |names: &[&str]| self.children.iter().all(|(name, _)| names.contains(&name.as_str()));
        if are(&["entry"]) {
            let entries = self.children.into_iter().filter_map(|(_, entry)| {
                let text = |name| entry.get(name).and_then(Value::as_str).map(str::to_owned);
                Some((text("Key")?, Value::String(text("Value").unwrap_or_default())))
            });
            return Value::Object(entries.collect());
        }
        if are(&["member"]) || are(&["item"]) || are(&["Bucket"]) {
            return Value::Array(self.children.into_iter().map(|(_, value)| value).collect());
        }
        let mut object = Map::new();
        for (name, value) in self.children {
            object.insert(cli_name(&name), value);
        }
        Value::Object(object)
    }
}

/// The AWS CLI's name of an element: EC2 writes `instancesSet` where the CLI has `Instances`.
fn cli_name(name: &str) -> String {
    let known = match name {
        "reservationSet" => "Reservations",
        "instancesSet" => "Instances",
        "tagSet" => "Tags",
        "regionInfo" => "Regions",
        "instanceState" => "State",
        "ipAddress" => "PublicIpAddress",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Takes off what the Query protocol puts around an answer.
fn unwrapped(root: Value) -> Value {
    let Value::Object(mut object) = root else { return root };
    let wrapper = object.keys().find(|name| name.ends_with("Result")).cloned();
    match wrapper.and_then(|name| object.remove(&name)) {
        Some(Value::Null) => Value::Object(Map::new()),
        Some(inner) => inner,
        None => Value::Object(object),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::read;

    #[test]
    fn answers_read_as_the_cli_writes_them() {
        let query = "<?xml version=\"1.0\"?><GetTopicAttributesResponse xmlns=\"x\"><GetTopicAttributesResult><Attributes>\
            <entry><key>Policy</key><value>{&quot;a&quot;:1}</value></entry></Attributes></GetTopicAttributesResult>\
            <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetTopicAttributesResponse>";
        assert_eq!(read(query.as_bytes()).unwrap(), json!({"Attributes": {"Policy": "{\"a\":1}"}}));
        let ec2 = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
            <metadataOptions><httpTokens>optional</httpTokens></metadataOptions></item></instancesSet></item></reservationSet>\
            </DescribeInstancesResponse>";
        let expected = json!({"Reservations": [{"Instances": [
            {"InstanceId": "i-1", "MetadataOptions": {"HttpTokens": "optional"}}]}]});
        assert_eq!(read(ec2.as_bytes()).unwrap(), expected);
        let s3 = "<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket></Buckets></ListAllMyBucketsResult>";
        assert_eq!(read(s3.as_bytes()).unwrap(), json!({"Buckets": [{"Name": "a"}]}));
    }

    #[test]
    fn what_is_cut_or_too_deep_is_an_error() {
        assert!(read(b"<a><b>x").is_err());
        assert!(read(b"").is_err());
        assert!(read("<a>".repeat(10_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "[<>/a-c&;\" ]{0,200}") {
            let _ = read(text.as_bytes());
        }
    }
}
