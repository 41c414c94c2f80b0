//! What the collector must be allowed to do in a cluster, from the table of kinds that it lists.
//! It asks no server.

use std::collections::BTreeMap;

use super::dump::DUMP;
use super::resources::{RESOURCES, TRACKING};

/// The smallest ClusterRole with which everything is read, as YAML for `kubectl apply -f -`.
pub fn permissions() -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in &RESOURCES {
        groups.entry(line.group).or_default().push(line.plural);
    }
    let mut text = String::from(
        "# What nonhuman reads of a cluster. Leave secrets or configmaps out to keep them closed: rules that need them are\n\
         # then not evaluated, and the report says so. Of Secrets it asks for the metadata only; RBAC has no verb for that.\n\
         apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: ClusterRole\n\
         metadata:\n  name: nonhuman-reader\n\
         rules:\n",
    );
    for (group, resources) in &groups {
        text.push_str(&format!(
            "- apiGroups: [\"{group}\"]\n  resources: [{}]\n  verbs: [list]\n",
            resources.join(", ")
        ));
    }
    text.push_str(&format!(
        "- apiGroups: [\"\"]\n  resources: [configmaps]\n  resourceNames: [{TRACKING}]\n  verbs: [get]\n"
    ));
    text
}

/// The calls it makes, and the command that writes the same to a file.
pub fn plan() -> String {
    let mut text = format!("get   /api/v1/namespaces/kube-system/configmaps/{TRACKING}\n");
    for line in &RESOURCES {
        let path = match line.group {
            "" => format!("/api/v1/{}", line.plural),
            group => format!("/apis/{group}/v1/{}", line.plural),
        };
        let metadata = if line.plural == "secrets" { "  (metadata only; tokens, then all others)" } else { "" };
        text.push_str(&format!("list  {path}{metadata}\n"));
    }
    text.push_str("\nEach list in pages of 500; all with GET. The same as a file:\n  ");
    text.push_str(DUMP);
    text.push('\n');
    text
}
