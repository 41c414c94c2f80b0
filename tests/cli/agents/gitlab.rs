//! Agents that pipelines of GitLab start.

use serde_json::{Value, json};

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

fn report(text: &str) -> Value {
    let folder = folder();
    write(folder.path(), "repo/.gitlab-ci.yml", text);
    write(folder.path(), "repo/CODEOWNERS", "* @acme/platform\n");
    scan(folder.path(), &["repo"]).1
}

fn agent(report: &Value) -> Value {
    let all = report["identities"].as_array().expect("a list");
    all.iter().find(|one| one["kind"] == "agent.ci").cloned().unwrap_or_default()["attributes"].clone()
}

#[test]
fn what_starts_a_job_is_read_from_its_rules() {
    let job = |rules: &str| format!("fix:\n  script: [claude -p fix]\n{rules}");
    let cases = [
        ("", json!(["every pipeline"])),
        (
            "  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n    - if: $CI_PIPELINE_SOURCE == 'web'\n",
            json!(["merge_request_event", "web"]),
        ),
        (
            "  rules:\n    - if: $CI_PIPELINE_SOURCE == 'web'\n      when: never\n    - if: $CI_PIPELINE_SOURCE =~ /^(api|trigger)$/\n",
            json!(["api", "trigger"]),
        ),
        (
            "  rules:\n    - if: $CI_COMMIT_BRANCH == 'main'\n    - if: $CI_PIPELINE_SOURCE == 'web'\n",
            json!(["every pipeline"]),
        ),
        ("  only: [merge_requests, schedules]\n", json!(["merge_requests", "schedules"])),
        ("  only:\n    refs: [tags]\n", json!(["tags"])),
        ("workflow:\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'schedule'\n", json!(["schedule"])),
    ];
    for (rules, expected) in cases {
        assert_eq!(agent(&report(&job(rules)))["triggers"], expected, "{rules}");
    }
}

/// The vendor's own template for mentions: whoever writes a comment hands in the prompt.
#[test]
fn a_job_that_is_handed_what_others_wrote_is_told() {
    let text = "claude:\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'trigger'\n  script:\n    - claude -p \"${AI_FLOW_INPUT:-review}\" --permission-mode acceptEdits\n";
    let found = report(text);
    assert_eq!(rules(&found), ["agent-ci-untrusted"]);
    let (message, place) = &of_rule(&found, "agent-ci-untrusted")[0];
    assert!(message.contains("trigger") && message.contains("the CI/CD variables of the project"), "{message}");
    assert_eq!(place, ".gitlab-ci.yml:1");
    // The same prompt in a pipeline that a member starts on the web.
    assert_eq!(rules(&report(&text.replace("'trigger'", "'web'"))), Vec::<String>::new());
    let written = "claude:\n  script: ['claude -p \"$CI_MERGE_REQUEST_DESCRIPTION\"']\n";
    assert_eq!(agent(&report(written))["untrusted_content"], true);
}

#[test]
fn a_job_that_takes_over_from_a_template_starts_its_agent() {
    let text = "default:\n  image: node\n.base:\n  before_script: [npm install -g @anthropic-ai/claude-code]\n.agent:\n  extends: .base\n  script:\n    - - claude -p fix --dangerously-skip-permissions\n  secrets:\n    ANTHROPIC_API_KEY: {vault: ci/anthropic/key@kv}\nfix:\n  extends: [.agent]\n  id_tokens:\n    VAULT_ID_TOKEN: {aud: https://vault.acme.example}\nloop:\n  extends: loop\n";
    let report = report(text);
    assert_eq!(named(&report, "agent.ci"), ["Claude Code in job fix (.gitlab-ci.yml)"]);
    assert_eq!(agent(&report)["given_secrets"], json!(["ANTHROPIC_API_KEY", "VAULT_ID_TOKEN"]));
    assert_eq!(rules(&report), ["agent-tools-unasked"]);
}

/// The vendor's own form of an external agent: a member mentions it, and it gets what it lists.
#[test]
fn an_external_agent_of_duo_is_no_job_of_a_pipeline() {
    let folder = folder();
    let flow = "image: node:22-slim\ncommands:\n  - npm install --global @anthropic-ai/claude-code\n  - claude --allowedTools=\"Bash(glab *),Edit\" --permission-mode acceptEdits -p \"$AI_FLOW_INPUT\"\nvariables:\n  - ANTHROPIC_API_KEY\n  - GITLAB_TOKEN_CLAUDE\n";
    write(folder.path(), "repo/.gitlab/duo/flows/claude.yaml", flow);
    write(folder.path(), "repo/CODEOWNERS", "* @acme/platform\n");
    let report = scan(folder.path(), &["repo"]).1;
    assert_eq!(rules(&report), ["agent-ci-reads-outsiders"]);
    assert_eq!(named(&report, "agent.ci"), ["Claude Code in flow claude (.gitlab/duo/flows/claude.yaml)"]);
    let found = agent(&report);
    assert_eq!(found["given_secrets"], json!(["ANTHROPIC_API_KEY", "GITLAB_TOKEN_CLAUDE"]));
    assert_eq!(found["triggers"], json!(["mention", "assignment", "review request"]));
    assert!(found["untrusted_trigger"].is_null());
}
