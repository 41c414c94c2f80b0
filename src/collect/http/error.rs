//! Why no answer came, in words that name the host and never a header or a body.

use super::Origin;

/// Why a request has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The client could not be made.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
    /// The request cannot be sent at all.
    #[error("{0}")]
    Request(String),
    /// A link leads elsewhere.
    #[error("a link leads to another host ({host}); it is not followed")]
    Foreign {
        /// Where it leads to.
        host: String,
    },
    /// No connection.
    #[error("{host} cannot be reached: {why}")]
    Connection {
        /// The origin.
        host: String,
        /// The system's words.
        why: String,
        /// Whether the name, the certificate or the protocol is wrong, so that trying again is in vain.
        lasting: bool,
    },
    /// It took too long.
    #[error("{host} did not answer within {seconds} s")]
    Timeout {
        /// The origin.
        host: String,
        /// How long it had.
        seconds: u64,
    },
    /// The answer is larger than any we expect.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection ended within the answer.
    #[error("the answer was cut short: {0}")]
    Truncated(String),
}

impl HttpError {
    pub(super) fn connection(origin: &Origin, error: &hyper_util::client::legacy::Error) -> Self {
        let why = chain(error);
        let lower = why.to_lowercase();
        let lasting = ["certificate", "dns error", "lookup", "invalid peer", "unknownissuer", "corrupt message"]
            .iter()
            .any(|sign| lower.contains(sign));
        Self::Connection { host: origin.to_string(), why, lasting }
    }

    /// Whether trying again may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Connection { lasting, .. } => !lasting,
            Self::Timeout { .. } | Self::Truncated(_) => true,
            _ => false,
        }
    }

    /// What the user can do.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Setup(_) => Some("install the system's CA certificates, or name them with SSL_CERT_FILE"),
            Self::Connection { why, .. } if why.to_lowercase().contains("certificate") => Some(
                "the certificate is not trusted: name the proxy's or the organisation's authority with SSL_CERT_FILE",
            ),
            Self::Connection { .. } => Some("check the URL, the network and the proxy"),
            Self::Timeout { .. } | Self::Truncated(_) => Some("try again"),
            Self::Foreign { .. } | Self::TooLarge { .. } | Self::Request(_) => None,
        }
    }
}

/// An error with what caused it, without saying a thing twice.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
