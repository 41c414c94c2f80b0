//! From a call of the table to a request, and from a response to the answer as the AWS CLI writes it. It must not send
//! anything.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::calls::{Call, Wire};
use super::refusal::Refusal;
use super::thin::xml_error;
use super::xml;
use crate::collect::http::{Request, Response};

/// A request before it is signed.
pub(super) struct Plain {
    post: Option<&'static str>,
    /// Path and query.
    pub(super) path: String,
    /// Headers that are signed.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(super) body: String,
}

impl Plain {
    /// `GET` or `POST`.
    pub(super) fn method(&self) -> &'static str {
        if self.post.is_some() { "POST" } else { "GET" }
    }

    /// The request without its headers.
    pub(super) fn unsigned(&self) -> Request {
        match self.post {
            Some(content) => Request::post(self.path.clone(), content, self.body.clone().into_bytes()),
            None => Request::get(self.path.clone()),
        }
    }
}

/// The request of a call about these items, for the page behind a marker.
pub(super) fn request(call: &Call, items: &[String], marker: Option<&str>) -> Plain {
    let operation = call.action.split(':').nth(1).unwrap_or_default();
    let item = items.last().map(String::as_str);
    let page = marker.map(|marker| (call.paging.0, marker));
    let get = |path: String| Plain { post: None, path, headers: Vec::new(), body: String::new() };
    match call.wire {
        Wire::Json { target, version } => {
            let content = if version == "1.0" { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
            Plain {
                post: Some(content),
                path: "/".to_owned(),
                headers: vec![("x-amz-target", format!("{target}.{operation}"))],
                body: body(call, items, page).to_string(),
            }
        }
        Wire::Query { version } => {
            let mut form = format!("Action={operation}&Version={version}");
            let fixed = call.parameters.iter().filter_map(|parameter| parameter.split_once('='));
            let of_item = item.map(|item| (call.item, item));
            let of_outer = outer_items(call, items);
            for (name, value) in fixed.chain(of_outer).chain(of_item).chain(page) {
                let _ = write!(form, "&{name}={}", encoded(value));
            }
            let post = Some("application/x-www-form-urlencoded");
            Plain { post, path: "/".to_owned(), headers: Vec::new(), body: form }
        }
        Wire::Get { path } => {
            let query = page.map_or_else(String::new, |(name, marker)| format!("?{name}={}", encoded(marker)));
            get(format!("{}{query}", filled(path, items)))
        }
        Wire::Post { path } => Plain {
            post: Some("application/json"),
            path: filled(path, items),
            headers: Vec::new(),
            body: body(call, items, page).to_string(),
        },
        Wire::S3 { query } => {
            let bucket = item.map_or_else(String::new, encoded);
            let page = page.map_or_else(String::new, |(name, marker)| format!("&{name}={}", encoded(marker)));
            get(if bucket.is_empty() { format!("/?max-buckets=1000{page}") } else { format!("/{bucket}?{query}=") })
        }
        Wire::Sdk => get("/".to_owned()),
    }
}

/// What the calls above are about, by the parameters of these.
fn outer_items<'i>(call: &Call, items: &'i [String]) -> Vec<(&'static str, &'i str)> {
    let outers = call.outers();
    let before = items.len().saturating_sub(1 + outers.len());
    outers.into_iter().zip(&items[before..]).map(|(outer, item)| (outer.item, item.as_str())).collect()
}

/// A path with the last items in the places of `{}`, in order.
fn filled(path: &str, items: &[String]) -> String {
    let holes = path.matches("{}").count();
    let last = items.len().saturating_sub(holes);
    let mut filled = path.to_owned();
    for item in &items[last..] {
        filled = filled.replacen("{}", &encoded(item), 1);
    }
    filled
}

/// The parameters as JSON: `a[]=x` is an item of a list, `a[].b=x` a field of the one item of a list.
fn body(call: &Call, items: &[String], page: Option<(&str, &str)>) -> Value {
    let mut body = Map::new();
    for (name, value) in call.parameters.iter().filter_map(|parameter| parameter.split_once('=')) {
        match name.split_once("[]") {
            None => {
                let number = value.parse::<i64>().map(Value::from);
                body.insert(name.to_owned(), number.unwrap_or_else(|_| value.into()));
            }
            Some((list, field)) => {
                let list = body.entry(list).or_insert_with(|| json!([]));
                match (list.as_array_mut(), field.strip_prefix('.')) {
                    (Some(list), Some(field)) if list.is_empty() => list.push(json!({ field: value })),
                    (Some(list), Some(field)) => list[0][field] = value.into(),
                    (Some(list), None) => list.push(value.into()),
                    (None, _) => {}
                }
            }
        }
    }
    if matches!(call.wire, Wire::Json { .. }) {
        body.extend(outer_items(call, items).into_iter().map(|(name, item)| (name.to_owned(), item.into())));
    }
    match (call.item.strip_suffix("[]"), items.last()) {
        (Some(list), _) => {
            body.insert(list.to_owned(), json!(items));
        }
        (None, Some(item)) if !call.item.is_empty() => {
            body.insert(call.item.to_owned(), item.as_str().into());
        }
        _ => {}
    }
    if let Some((name, marker)) = page {
        body.insert(name.to_owned(), marker.into());
    }
    Value::Object(body)
}

/// Percent-encoded after RFC 3986, the slash too.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// The answer of a response, in the names of the AWS CLI.
pub(super) fn answer(call: &Call, response: &Response) -> Result<Value, Refusal> {
    let bytes = response.body.bytes();
    match call.wire {
        // The body is the policy itself.
        Wire::S3 { query: "policy" } => Ok(json!({ "Policy": String::from_utf8_lossy(bytes) })),
        Wire::Query { .. } | Wire::S3 { .. } => xml::read(bytes).map_err(|why| Refusal::broken(&why)),
        _ => serde_json::from_slice(bytes).map_err(|_| Refusal::broken("the answer is no JSON or ends in the middle")),
    }
}

/// Why a response is no answer.
pub(super) fn refusal(response: &Response) -> Refusal {
    let bytes = response.body.bytes();
    let json: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let of = |names: [&str; 4]| names.iter().find_map(|name| json.get(*name)?.as_str()).unwrap_or_default();
    let header = response.header("x-amzn-errortype").unwrap_or_default();
    let code = if header.is_empty() { of(["__type", "code", "Code", "Type"]) } else { header };
    if !code.is_empty() {
        return Refusal::answered(code, of(["message", "Message", "errorMessage", "error"]));
    }
    if let Some((code, message)) = xml_error(bytes) {
        return Refusal::answered(&code, &message);
    }
    match response.status {
        403 => Refusal::answered("AccessDenied", "the service gave no reason"),
        429 | 503 => Refusal::answered("Throttling", "the service gave no reason"),
        status => Refusal::broken(&format!("the service answered {status} without a reason")),
    }
}

/// Joins a page to those before it: lists grow, what is no list is that of the last page.
pub(super) fn join(whole: &mut Value, page: Value) {
    match (whole, page) {
        (Value::Object(whole), Value::Object(page)) => {
            for (name, value) in page {
                match (whole.get_mut(&name), value) {
                    (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                    (_, value) => {
                        whole.insert(name, value);
                    }
                }
            }
        }
        (whole, page) => *whole = page,
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::all;
    use super::*;

    fn call(operation: &str) -> &'static Call {
        all().find(|call| call.operation == operation).unwrap()
    }

    #[test]
    fn requests_are_what_the_services_expect() {
        let plain = request(call("get-queue-attributes"), &["https://q".to_owned()], None);
        assert_eq!(plain.headers, [("x-amz-target", "AmazonSQS.GetQueueAttributes".to_owned())]);
        let expected = json!({"AttributeNames": ["Policy", "QueueArn"], "QueueUrl": "https://q"});
        assert_eq!(serde_json::from_str::<Value>(&plain.body).unwrap(), expected);
        let plain = request(call("get-service-last-accessed-details"), &["job".to_owned()], None);
        assert!(plain.body.contains("&JobId=job") && !plain.body.contains("Arn="), "{}", plain.body);
        let plain = request(call("lookup-events"), &[], Some("m"));
        let wanted = json!([{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]);
        let expected = json!({"LookupAttributes": wanted, "MaxResults": 50});
        let mut got = serde_json::from_str::<Value>(&plain.body).unwrap();
        got.as_object_mut().unwrap().remove("");
        assert_eq!(got, expected);
        let items = ["prod".to_owned(), "a-1/2".to_owned()];
        let plain = request(call("describe-pod-identity-association"), &items, None);
        assert_eq!((plain.method(), plain.path.as_str()), ("GET", "/clusters/prod/pod-identity-associations/a-1%2F2"));
        let plain = request(call("list-functions"), &[], Some("a b"));
        assert_eq!(plain.path, "/2015-03-31/functions/?Marker=a%20b");
        let plain = request(call("batch-get-projects"), &items, None);
        assert_eq!(serde_json::from_str::<Value>(&plain.body).unwrap(), json!({"names": ["prod", "a-1/2"]}));
        let center = ["arn:i".to_owned(), "arn:p".to_owned(), "1".to_owned()];
        let plain = request(call("list-account-assignments"), &center, Some("m"));
        assert_eq!(plain.headers, [("x-amz-target", "SWBExternalService.ListAccountAssignments".to_owned())]);
        let expected = json!({"InstanceArn": "arn:i", "PermissionSetArn": "arn:p", "AccountId": "1", "NextToken": "m"});
        assert_eq!(serde_json::from_str::<Value>(&plain.body).unwrap(), expected);
        let plain = request(call("list-group-memberships"), &["d-1".to_owned(), "g".to_owned()], None);
        let expected = json!({"IdentityStoreId": "d-1", "GroupId": "g"});
        assert_eq!(serde_json::from_str::<Value>(&plain.body).unwrap(), expected);
        let plain = request(call("list-service-specific-credentials"), &[], Some("m"));
        assert_eq!(plain.body, "Action=ListServiceSpecificCredentials&Version=2010-05-08&AllUsers=true&Marker=m");
    }

    #[test]
    fn pages_become_one() {
        let mut whole = Value::Null;
        join(&mut whole, json!({"A": [1], "NextToken": "x"}));
        join(&mut whole, json!({"A": [2]}));
        assert_eq!(whole, json!({"A": [1, 2], "NextToken": "x"}));
    }
}
