//! As what a service account acts in a cloud, by its annotations. It asks no cloud.

use crate::model::{Labels, Urn};

/// An identity of a cloud that an annotation names.
pub(super) struct CloudIdentity {
    /// As it is written.
    pub(super) name: String,
    /// Its name in the graph; none where it cannot be a name of that cloud.
    pub(super) urn: Option<Urn>,
    /// The annotation.
    pub(super) annotation: &'static str,
}

/// Reads what an annotation names.
type Reader = fn(&str) -> Option<Urn>;

/// The annotations of the workload identities of EKS (IAM roles for service accounts), GKE and AKS, as their user guides
/// have them.
const ANNOTATIONS: [(&str, Reader); 3] = [
    ("eks.amazonaws.com/role-arn", aws),
    ("iam.gke.io/gcp-service-account", google),
    ("azure.workload.identity/client-id", azure),
];

/// The identity that labels and annotations name, if any.
pub(super) fn identity(labels: &Labels) -> Option<CloudIdentity> {
    ANNOTATIONS.into_iter().find_map(|(annotation, read)| {
        let name = labels.get(annotation)?.trim();
        (!name.is_empty()).then(|| CloudIdentity { name: name.to_owned(), urn: read(name), annotation })
    })
}

/// `arn:aws:iam::111122223333:role/path/name`
fn aws(name: &str) -> Option<Urn> {
    let mut parts = name.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_role = resource.strip_prefix("role/").is_some_and(|role| !role.is_empty() && !role.ends_with('/'));
    let is_arn = arn == "arn" && partition.starts_with("aws") && service == "iam" && region.is_empty();
    (is_arn && is_account && is_role).then(|| Urn::new(name))
}

/// `name@project.iam.gserviceaccount.com`
fn google(name: &str) -> Option<Urn> {
    let (user, domain) = name.split_once('@')?;
    let is_account = !user.is_empty() && domain.ends_with(".gserviceaccount.com");
    is_account.then(|| Urn::new(format!("gcp:service-account/{name}")))
}

/// A client id, which is a UUID.
fn azure(name: &str) -> Option<Urn> {
    let parts: Vec<usize> = name.split('-').map(str::len).collect();
    let is_hex = name.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    (parts == [8, 4, 4, 4, 12] && is_hex).then(|| Urn::new(format!("azure:client/{name}")))
}
