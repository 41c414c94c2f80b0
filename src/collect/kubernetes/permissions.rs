//! What the collector must be allowed to do in a cluster, from the table of kinds that it lists.
//! It asks no server.

use std::collections::BTreeMap;

use super::custom::GROUPS;
use super::dump::commands;
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
    text.push_str(
        "# Custom resources that run pods or act as service accounts; leave out what the cluster does not have.\n",
    );
    for group in &GROUPS {
        let resources = if group.resources.is_empty() { "\"*\"".to_owned() } else { group.resources.join(", ") };
        text.push_str(&format!("- apiGroups: [{}]\n  resources: [{resources}]\n  verbs: [list]\n", group.name));
    }
    text.push_str(&format!(
        "- apiGroups: [\"\"]\n  resources: [configmaps]\n  resourceNames: [{TRACKING}]\n  verbs: [get]\n"
    ));
    text
}

/// The calls it makes, and the command that writes the same to a file.
pub fn plan() -> String {
    let mut text = String::from(
        "post  /apis/authorization.k8s.io/v1/selfsubjectaccessreviews  (what may be listed; stores nothing)\n",
    );
    text.push_str(&format!("get   /api/v1/namespaces/kube-system/configmaps/{TRACKING}\n"));
    text.push_str("get   /apis  (which custom resources there are)\n");
    text.push_str("GET   /version\n");
    for line in &RESOURCES {
        let path = match line.group {
            "" => format!("/api/v1/{}", line.plural),
            group => format!("/apis/{group}/v1/{}", line.plural),
        };
        let metadata = if line.plural == "secrets" { "  (metadata only; tokens, then all others)" } else { "" };
        text.push_str(&format!("list  {path}{metadata}\n"));
    }
    text.push_str("list  /apis/GROUP/VERSION/RESOURCE  for custom resources that run pods, of the groups:\n");
    let groups: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
    for line in groups.chunks(4) {
        text.push_str(&format!("      {}\n", line.join(", ")));
    }
    text.push_str(
        "\nEach list in pages of 200, with GET; of all these nothing changes the cluster. The same as files, in one folder for\n\
         --kubernetes-export NAME=FOLDER (the third for servers of v1.36 on, the last where there are custom resources):\n",
    );
    for command in commands() {
        text.push_str(&format!("  {command}\n"));
    }
    text
}
