//! From a kubeconfig (or a pod's own service account) to a client for one cluster.
//! It starts no program without permission and lets no token, key or program output into a message.

use std::path::PathBuf;

use kube::client::AuthError;
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Error};

use super::one_line;
use crate::collect::CollectError;
use crate::model::Outcome;

/// What a connection is for.
const WHAT: &str = "connection";

/// The name of the cluster that the kubeconfig points at, which is that of its current context; `in-cluster` where there
/// is no kubeconfig.
pub(super) fn current(kubeconfigs: &[PathBuf]) -> String {
    match load(kubeconfigs) {
        Ok(config) => {
            config.current_context.filter(|name| !name.is_empty()).unwrap_or_else(|| "current context".to_owned())
        }
        Err(error) if is_missing(&error) => String::from("in-cluster"),
        Err(_) => String::from("kubeconfig"),
    }
}

/// Connects to a context, the current one when none is named.
///
/// # Errors
/// When the kubeconfig cannot be used as it is; each with a remedy.
pub(super) async fn connect(
    kubeconfigs: &[PathBuf],
    context: Option<&str>,
    allow_exec: bool,
) -> Result<(Client, Option<String>), CollectError> {
    let mut config = match load(kubeconfigs) {
        Ok(loaded) => {
            has_user(&loaded, context)?;
            let options = KubeConfigOptions { context: context.map(str::to_owned), cluster: None, user: None };
            Config::from_custom_kubeconfig(loaded, &options).await.map_err(|error| unusable(&error))?
        }
        Err(error) if context.is_none() && kubeconfigs.is_empty() && is_missing(&error) => {
            Config::incluster().map_err(|_| nowhere())?
        }
        Err(error) => return Err(unusable(&error)),
    };
    if let Some(program) = program(&config.auth_info).filter(|_| !allow_exec) {
        let detail = format!("the kubeconfig asks to run '{}' for credentials; no program was run", one_line(&program));
        return Err(CollectError::Hole { what: WHAT.to_owned(), outcome: Outcome::Failed, detail, remedy: None }
            .with_remedy(
                "allow it with --kubernetes-allow-exec, or use a context with a token or a client certificate",
            ));
    }
    // Retries are ours: they honour Retry-After, are bounded and are told in the coverage.
    config.default_retry = false;
    config.connect_timeout = Some(std::time::Duration::from_secs(10));
    if reaches_directly(&config.cluster_url) {
        config.proxy_url = None;
    }
    let issuer = config.cluster_url.host().and_then(issuer_at);
    // Building the client runs the credential program, which blocks.
    let built = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
    let client = built.map_err(|_| CollectError::failed(WHAT, "the client could not be built"))?;
    Ok((client.map_err(|error| unbuilt(&error))?, issuer))
}

/// Who issues the tokens of an EKS cluster, by the host that its API server is reached at: both have the cluster's id.
/// Source: EKS API reference, `Cluster` (`endpoint`, `identity.oidc.issuer`).
fn issuer_at(host: &str) -> Option<String> {
    let (head, of_china) = match host.strip_suffix(".eks.amazonaws.com.cn") {
        Some(head) => (head, true),
        None => (host.strip_suffix(".eks.amazonaws.com")?, false),
    };
    let mut parts = head.split('.');
    let (id, _, region) = (parts.next()?, parts.next()?, parts.next()?);
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let domain = if of_china { "amazonaws.com.cn" } else { "amazonaws.com" };
    (is_id && parts.next().is_none()).then(|| format!("https://oidc.eks.{region}.{domain}/id/{}", id.to_uppercase()))
}

/// Several are merged in order, as kubectl does; without one, kubectl's usual place.
fn load(kubeconfigs: &[PathBuf]) -> Result<Kubeconfig, KubeconfigError> {
    let Some((first, others)) = kubeconfigs.split_first() else { return Kubeconfig::read() };
    others.iter().try_fold(Kubeconfig::read_from(first)?, |merged, path| merged.merge(Kubeconfig::read_from(path)?))
}

/// Refuses a context whose user is not there, as kubectl does: asked without credentials, a server would answer as to anybody.
fn has_user(config: &Kubeconfig, context: Option<&str>) -> Result<(), CollectError> {
    let name = context.or(config.current_context.as_deref()).unwrap_or_default();
    let context = config.contexts.iter().find(|one| one.name == name).and_then(|one| one.context.as_ref());
    let user = context.and_then(|one| one.user.as_deref()).filter(|user| !user.is_empty());
    match user.filter(|user| config.auth_infos.iter().all(|one| one.name != *user)) {
        Some(user) => {
            let detail =
                format!("the kubeconfig has no user '{}', which context '{}' names", one_line(user), one_line(name));
            Err(CollectError::failed(WHAT, detail).with_remedy("list them: kubectl config view"))
        }
        None => Ok(()),
    }
}

fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// The program that a user entry wants to run: an exec plugin, or the command of an old auth provider.
fn program(user: &AuthInfo) -> Option<String> {
    if let Some(exec) = &user.exec {
        return Some(exec.command.clone().unwrap_or_else(|| "an exec plugin".to_owned()));
    }
    let provider = user.auth_provider.as_ref()?;
    provider.config.get("cmd-path").cloned()
}

/// `HTTPS_PROXY` is not for plain HTTP and not for this machine, as in Go's `ProxyFromEnvironment`.
fn reaches_directly(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || url.scheme_str() == Some("http")
}

fn nowhere() -> CollectError {
    CollectError::failed(WHAT, "no kubeconfig was found and this is no pod of a cluster")
        .with_remedy("set KUBECONFIG, or read a dump instead (--kubernetes-export)")
}

/// A kubeconfig that cannot be used. A parse error is not quoted: the file holds tokens.
fn unusable(error: &KubeconfigError) -> CollectError {
    let (detail, remedy) = match error {
        KubeconfigError::Parse(error) => {
            let place = error
                .location()
                .map_or_else(String::new, |at| format!(" at line {}, column {}", at.line(), at.column()));
            (format!("the kubeconfig is not valid YAML{place}"), "check it with kubectl config view")
        }
        KubeconfigError::CurrentContextNotSet => {
            ("the kubeconfig has no current context".to_owned(), "name a context, or kubectl config use-context NAME")
        }
        KubeconfigError::LoadContext(name) => {
            (format!("the kubeconfig has no context '{}'", one_line(name)), "list them: kubectl config get-contexts")
        }
        KubeconfigError::ReadConfig(error, path) => (
            format!("the kubeconfig {} cannot be read: {error}", path.display()),
            "set KUBECONFIG, or check its permissions",
        ),
        other => (one_line(&other.to_string()), "check the kubeconfig with kubectl config view"),
    };
    CollectError::failed(WHAT, detail).with_remedy(remedy)
}

/// A client that cannot be built.
fn unbuilt(error: &Error) -> CollectError {
    let remedy = match error {
        Error::Auth(_) => "try it by hand: kubectl auth whoami",
        Error::ProxyProtocolDisabled { .. } | Error::ProxyProtocolUnsupported { .. } => {
            "unset HTTPS_PROXY for this cluster, or read a dump instead (--kubernetes-export)"
        }
        _ => "check the kubeconfig with kubectl config view",
    };
    CollectError::failed(WHAT, reason(error)).with_remedy(remedy)
}

/// An error of the client in words that quote neither credentials nor the output of a program.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::Auth(error) => auth(error),
        Error::ProxyProtocolDisabled { .. } | Error::ProxyProtocolUnsupported { .. } => {
            "a proxy is configured (HTTPS_PROXY or proxy-url), which this build cannot use".to_owned()
        }
        Error::HyperError(error) => one_line(&causes(error)),
        Error::Service(error) => match error.downcast_ref::<AuthError>() {
            Some(error) => auth(error),
            None => one_line(&causes(error.as_ref())),
        },
        Error::RustlsTls(error) => one_line(&format!("TLS: {error}")),
        // Which file of the kubeconfig, and why; never what is in it.
        Error::InferKubeconfig(
            error @ (KubeconfigError::LoadClientCertificate(_) | KubeconfigError::LoadClientKey(_)),
        ) => one_line(&error.to_string()),
        _ => "the client failed".to_owned(),
    }
}

fn auth(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(error) => format!("the credential program could not be started: {error}"),
        AuthError::AuthExecRun { cmd, out } => {
            format!("the credential program '{}' failed with {}", one_line(cmd), out.status)
        }
        AuthError::ReadTokenFile(error, path) => format!("the token file {} cannot be read: {error}", path.display()),
        AuthError::NoValidNativeRootCA(_) => "this machine has no root certificates".to_owned(),
        _ => "the credentials of the kubeconfig cannot be used".to_owned(),
    }
}

/// An error with its causes, outermost first.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    const DEPTH: usize = 6;
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<String> = chain.take(DEPTH).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}
