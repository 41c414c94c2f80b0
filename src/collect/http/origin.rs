//! Scheme, host and port: where a client may talk to, and nowhere else.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use super::HttpError;

/// The origin of a URL (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Scheme,
    authority: Authority,
}

impl Origin {
    /// Reads `https://host[:port]`, also without the scheme and with a slash behind. Plain `http` is taken for this
    /// machine alone.
    ///
    /// # Errors
    /// Says what is wrong with the URL. It is quoted only as far as it is an origin: user information is not.
    pub(crate) fn parse(text: &str) -> Result<Self, HttpError> {
        let bad = |why: &str| HttpError::Request(format!("this is no URL of a server: {why}"));
        let text = text.trim();
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri = full.parse().map_err(|_| bad("expected a form such as https://acme.okta.com"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(bad("expected a form such as https://acme.okta.com"));
        };
        if authority.as_str().contains('@') {
            return Err(bad("it holds a user or a password"));
        }
        if parts.path_and_query.is_some_and(|path| path.as_str() != "/") {
            return Err(bad("only scheme and host are expected, without a path"));
        }
        let origin = Self { scheme, authority };
        if origin.scheme != Scheme::HTTPS && !(origin.is_plain() && origin.is_loopback()) {
            return Err(bad(&format!(
                "credentials are sent over https alone, so expected https://{}",
                origin.authority
            )));
        }
        Ok(origin)
    }

    /// The metadata server of a cloud's machine, at its link-local address, which no router passes on (RFC 3927).
    pub(crate) fn metadata() -> Self {
        Self { scheme: Scheme::HTTP, authority: Authority::from_static("169.254.169.254") }
    }

    /// Whether it is not encrypted.
    pub(crate) fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    fn is_loopback(&self) -> bool {
        let host = self.authority.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The host, without the port.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_plain() { 80 } else { 443 })
    }

    /// A path below the origin as a full URL.
    pub(super) fn uri(&self, path_and_query: &str) -> Result<Uri, HttpError> {
        let bad = || HttpError::Request("a path of the API has a form that cannot be sent".to_owned());
        let path: PathAndQuery = path_and_query.parse().map_err(|_| bad())?;
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|_| bad())
    }

    /// The path and query of a link that an answer gave.
    ///
    /// # Errors
    /// [`HttpError::Foreign`] when it leads to another scheme, host or port.
    pub(crate) fn path_of(&self, link: &str) -> Result<String, HttpError> {
        if link.starts_with('/') && !link.starts_with("//") {
            return Ok(link.to_owned());
        }
        let uri: Uri = link.parse().map_err(|_| HttpError::Request("a link of an answer is no URL".to_owned()))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(HttpError::Request("a link of an answer is no URL".to_owned()));
        };
        let other = Self { scheme, authority };
        let same_host = other.host().eq_ignore_ascii_case(self.host());
        let plain_user = !other.authority.as_str().contains('@');
        if other.scheme != self.scheme || !same_host || other.port() != self.port() || !plain_user {
            return Err(HttpError::Foreign { host: other.host().to_owned() });
        }
        Ok(parts.path_and_query.map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()))
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    #[test]
    fn a_url_is_taken_as_people_write_it() {
        for text in ["https://acme.okta.com", "https://acme.okta.com/", "acme.okta.com", " https://acme.okta.com "] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), "https://acme.okta.com", "{text}");
        }
        assert_eq!(Origin::parse("http://127.0.0.1:8080").unwrap().to_string(), "http://127.0.0.1:8080");
        assert!(Origin::parse("http://[::1]:80").is_ok());
    }

    #[test]
    fn what_is_no_safe_origin_is_refused_without_quoting_a_password() {
        for text in
            ["http://acme.okta.com", "ftp://acme.okta.com", "", "https://", "https://acme.okta.com/admin", "a b"]
        {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
        let error = Origin::parse("https://jana:hunter2@acme.okta.com").unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("password"), "{error}");
    }

    #[test]
    fn links_stay_at_home() {
        let home = Origin::parse("https://acme.okta.com").unwrap();
        assert_eq!(home.path_of("https://ACME.okta.com:443/api/v1/users?after=x").unwrap(), "/api/v1/users?after=x");
        assert_eq!(home.path_of("/api/v1/users").unwrap(), "/api/v1/users");
        for away in [
            "https://evil.example/api",
            "http://acme.okta.com/api",
            "https://acme.okta.com:8443/api",
            "https://acme.okta.com@evil.example/api",
            "https://x@acme.okta.com/api",
            "//evil.example/api",
            "https://acme.okta.com.evil.example/",
        ] {
            assert!(home.path_of(away).is_err(), "{away}");
        }
    }
}
