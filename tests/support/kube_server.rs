//! An API server for tests: answers GETs and access reviews on the loopback interface from recorded bodies and writes down what it was asked.
//! It speaks just enough HTTP/1.1 to misbehave where a test wants it to: hang, or break off in the middle.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) accept: String,
    /// Of a review: what is asked.
    pub(crate) body: String,
    /// How many requests for this path came before it.
    pub(crate) nth: usize,
}

/// What to answer.
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Half of a body, then the connection is closed.
    BrokenOff {
        body: String,
    },
    /// Nothing, for a minute.
    Hang,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer { status, headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Answer { status, headers: vec![("content-type", "text/plain".to_owned())], body: body.to_owned() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

pub(crate) type Answers = Box<dyn Fn(&Seen) -> Option<Reply> + Send + Sync>;

/// A running server; it answers as long as the test process lives.
pub(crate) struct KubeServer {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl KubeServer {
    /// Starts a server with the whole recorded cluster, except where `special` has another answer.
    pub(crate) fn start(special: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answers: Arc<Answers> = Arc::new(Box::new(special));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                std::thread::spawn(move || serve(stream, &answers, &log));
            }
        });
        Self { url, seen }
    }

    /// Everything it was asked, in order of arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Writes a kubeconfig with one context, `recorded`, that leads here.
    pub(crate) fn kubeconfig(&self, directory: &Path, user: &str) -> PathBuf {
        let path = directory.join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: recorded\n\
             clusters: [{{name: c, cluster: {{server: \"{}\"}}}}]\n\
             contexts: [{{name: recorded, context: {{cluster: c, user: u}}}}]\n\
             users: [{{name: u, user: {user}}}]\n",
            self.url
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// A recorded body.
pub(crate) fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes/recorded").join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn serve(mut stream: TcpStream, answers: &Answers, log: &Mutex<Vec<Seen>>) {
    let Some(seen) = request(&stream, log) else { return };
    let reply = answers(&seen).unwrap_or_else(|| default_reply(&seen));
    let written = match reply {
        Reply::Answer { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{head}\r\n{body}").as_bytes())
        }
        Reply::BrokenOff { body } => {
            let half = &body.as_bytes()[..body.len() / 2];
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(half))
        }
        Reply::Hang => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    };
    // A client that has gone away is no concern of the test's.
    drop(written);
}

fn request(stream: &TcpStream, log: &Mutex<Vec<Seen>>) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut accept, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("accept") => accept = value.trim().to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((target.as_str(), ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (name.to_owned(), decode(value))).collect();
    let mut log = log.lock().unwrap();
    let nth = log.iter().filter(|earlier| earlier.path == path).count();
    let seen = Seen { method, path: path.to_owned(), query, accept, body, nth };
    log.push(seen.clone());
    Some(seen)
}

fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at(2);
        decoded.push(char::from(u8::from_str_radix(code, 16).unwrap()));
        decoded.push_str(rest);
    }
    decoded
}

fn default_reply(seen: &Seen) -> Reply {
    if seen.method == "POST" {
        return Reply::json(201, r#"{"kind":"SelfSubjectAccessReview","status":{"allowed":true}}"#);
    }
    if seen.path.ends_with("/configmaps/kube-apiserver-legacy-service-account-token-tracking") {
        return Reply::json(200, recorded("configmap-legacy-tracking"));
    }
    let kind = seen.path.rsplit('/').next().unwrap_or_default();
    if kind == "secrets" {
        let metadata = seen.accept.contains("as=PartialObjectMetadataList");
        if seen.query.get("fieldSelector").is_some_and(|selector| selector.contains("!=")) {
            let body = r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[]}"#;
            return Reply::json(200, body);
        }
        return Reply::json(200, recorded(if metadata { "meta-secrets-token" } else { "list-secrets-token" }));
    }
    // What was not recorded is not served.
    let is_recorded = |name: &str| {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes/recorded").join(format!("{name}.json"));
        path.is_file()
    };
    match format!("list-{kind}") {
        name if is_recorded(&name) => Reply::json(200, recorded(&name)),
        _ => Reply::text(404, "404 page not found"),
    }
}
