//! Agents that pipelines start.

use serde_json::Value;

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

/// An action that starts its agent for anybody.
const PINNED: &str = "anthropics/claude-code-base-action@594eaae1035859d5b842dfa511bf1f9057399059";
/// One that asks who it is.
const ASKS: &str = "anthropics/claude-code-action@594eaae1035859d5b842dfa511bf1f9057399059";

fn workflow(on: &str, permissions: &str, step: &str) -> String {
    format!(
        "name: a\non: {on}\npermissions: {permissions}\njobs:\n  triage:\n    runs-on: self-hosted\n    steps:\n{step}"
    )
}

/// The report of one workflow that somebody owns.
fn report(text: &str) -> Value {
    let folder = folder();
    write(folder.path(), "repo/.github/workflows/a.yml", text);
    write(folder.path(), "repo/.github/CODEOWNERS", "* @acme/platform\n");
    scan(folder.path(), &["repo"]).1
}

#[test]
fn pull_request_target_with_an_agent_that_may_write_everything() {
    let step = "      - uses: anthropics/claude-code-base-action@v1\n        with:\n          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}\n          claude_args: --dangerously-skip-permissions\n";
    let report = report(&workflow("pull_request_target", "write-all", step));
    assert_eq!(rules(&report), ["agent-ci-untrusted", "agent-tools-unasked"]);
    let (message, place) = &of_rule(&report, "agent-ci-untrusted")[0];
    assert_eq!(place, ".github/workflows/a.yml:8");
    assert!(
        message.contains("pull_request_target")
            && message.contains("everything")
            && message.contains("ANTHROPIC_API_KEY")
    );
}

/// Keys of an account are not federation, whatever the action that takes them can do.
#[test]
fn static_keys_are_not_called_federation() {
    let step = format!(
        "      - uses: aws-actions/configure-aws-credentials@v5\n        with:\n          aws-access-key-id: ${{{{ secrets.AWS_ACCESS_KEY_ID }}}}\n          aws-secret-access-key: ${{{{ secrets.AWS_SECRET_ACCESS_KEY }}}}\n      - uses: {PINNED}\n"
    );
    let report = report(&workflow("push", "{contents: read}", &step));
    assert_eq!(rules(&report), Vec::<String>::new());
    assert_eq!(of_rule(&report, "workflow-static-cloud-key").len(), 1);
    let agent = report["identities"].as_array().expect("a list").iter().find(|one| one["kind"] == "agent.ci");
    let agent = agent.expect("it is told");
    assert_eq!(agent["attributes"]["given_secrets"], serde_json::json!(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]));
    let links = report["links"].as_array().cloned().unwrap_or_default();
    assert!(links.iter().all(|link| link["kind"] != "acts-as"), "{links:?}");
}

#[test]
fn a_role_without_keys_is_a_step_of_the_reach() {
    let folder = folder();
    let step = format!(
        "      - uses: aws-actions/configure-aws-credentials@v5\n        with:\n          role-to-assume: arn:aws:iam::111122223333:role/ci\n      - uses: {PINNED}\n"
    );
    write(folder.path(), "repo/.github/workflows/a.yml", workflow("push", "{id-token: write}", &step));
    let ran = crate::tree::run(folder.path(), &["collect", "repo", "--isolated"]);
    let link = ran.stdout.lines().find(|line| line.contains("acts-as")).expect("a link");
    assert!(link.contains("role/ci") && link.contains("#triage/claude-code"), "{link}");
}

#[test]
fn events_of_members_and_guards_are_quiet() {
    let step = format!("      - uses: {PINNED}\n        with:\n          anthropic_api_key: ${{{{ secrets.KEY }}}}\n");
    for on in ["push", "pull_request", "schedule", "workflow_dispatch"] {
        assert_eq!(rules(&report(&workflow(on, "write-all", &step))), Vec::<String>::new(), "{on}");
    }
    for on in ["issue_comment", "[issues, push]", "{discussion: {types: [created]}}", "workflow_run"] {
        assert_eq!(rules(&report(&workflow(on, "{issues: write}", &step))), ["agent-ci-untrusted"], "{on}");
    }
    let guard = "        if: contains(fromJSON('[\"OWNER\",\"MEMBER\"]'), github.event.comment.author_association)\n";
    let guarded = step.replacen("\n", &format!("\n{guard}"), 1);
    assert_eq!(rules(&report(&workflow("issue_comment", "write-all", &guarded))), Vec::<String>::new());
    // Without rights and secrets there is nothing to take.
    let bare = format!("      - uses: {PINNED}\n");
    assert_eq!(rules(&report(&workflow("issue_comment", "{contents: read}", &bare))), Vec::<String>::new());
}

#[test]
fn programs_in_scripts_and_other_pipelines() {
    let folder = folder();
    let step =
        "      - run: |\n          npm i -g @openai/codex\n          codex exec --sandbox danger-full-access \"fix\"\n";
    write(folder.path(), "repo/.github/workflows/a.yml", workflow("issues", "{contents: write}", step));
    let gitlab = "fix:\n  script:\n    - claude -p \"fix it\" --dangerously-skip-permissions\n  variables:\n    ANTHROPIC_API_KEY: $KEY\n";
    write(folder.path(), "repo/.gitlab-ci.yml", gitlab);
    write(
        folder.path(),
        "repo/.github/workflows/build.yml",
        "on: push\njobs:\n  b:\n    steps:\n      - run: echo claude\n",
    );
    let (_, report) = scan(folder.path(), &["repo"]);
    let mut agents = named(&report, "agent.ci");
    agents.sort();
    assert_eq!(agents, ["Claude Code in job fix (.gitlab-ci.yml)", "Codex in job triage (.github/workflows/a.yml)"]);
    assert_eq!(of_rule(&report, "agent-tools-unasked").len(), 2);
    // Nobody is named who answers for them.
    assert_eq!(of_rule(&report, "agent-unowned").len(), 2);
}

#[test]
fn a_guard_of_a_job_that_is_needed_and_of_a_label_counts() {
    let step = format!("      - uses: {PINNED}\n        with:\n          anthropic_api_key: ${{{{ secrets.KEY }}}}\n");
    let gated = |condition: &str, more: &str| {
        format!(
            "on: issue_comment\npermissions: {{contents: write}}\njobs:\n  gate:\n    if: {condition}\n    runs-on: x\n    steps: [{{run: 'true'}}]\n  triage:\n    needs: gate\n{more}    runs-on: x\n    steps:\n{step}"
        )
    };
    let owner = "github.event.comment.author_association == 'OWNER'";
    assert_eq!(rules(&report(&gated(owner, ""))), Vec::<String>::new());
    assert_eq!(rules(&report(&gated(owner, "    if: always()\n"))), ["agent-ci-untrusted"]);
    assert_eq!(rules(&report(&gated("github.event.comment.body != ''", ""))), ["agent-ci-untrusted"]);
    let labeled = |types: &str| {
        workflow(&format!("{{pull_request_target: {{types: [{types}]}}}}"), "write-all", &step)
            .replace("    runs-on", "    if: github.event.label.name == 'safe'\n    runs-on")
    };
    assert_eq!(rules(&report(&labeled("labeled"))), Vec::<String>::new());
    assert_eq!(rules(&report(&labeled("labeled, opened"))), ["agent-ci-untrusted"], "anybody opens one");
    // Labels and assignments are set by people with triage rights, without any condition.
    let bare = |types: &str| workflow(&format!("{{issues: {{types: [{types}]}}}}"), "write-all", &step);
    assert_eq!(rules(&report(&bare("labeled, assigned"))), Vec::<String>::new());
    assert_eq!(rules(&report(&bare("labeled, opened"))), ["agent-ci-untrusted"]);
}

/// What a called workflow does stands elsewhere; what it is given, here.
#[test]
fn a_called_workflow_is_known_by_its_name() {
    let call = |uses: &str| {
        format!(
            "on: issue_comment\npermissions: {{contents: write}}\njobs:\n  j:\n    uses: {uses}\n    secrets: inherit\n"
        )
    };
    let found = report(&call("acme/ci/.github/workflows/claude-review.yml@main"));
    assert_eq!(rules(&found), ["agent-ci-untrusted"]);
    let (message, place) = &of_rule(&found, "agent-ci-untrusted")[0];
    assert!(message.contains("every secret of the repository") && place.ends_with("a.yml:5"), "{message} {place}");
    assert!(named(&report(&call("acme/ci/.github/workflows/build.yml@main")), "agent.ci").is_empty());
}

/// The names in the graph of the agents of pipelines.
fn ids(report: &Value) -> Vec<String> {
    let all = report["identities"].as_array().expect("a list").iter().filter(|one| one["kind"] == "agent.ci");
    all.filter_map(|one| one["id"].as_str()?.split_once('#').map(|(_, part)| part.to_owned())).collect()
}

/// A step that is put before an agent makes no other agent of it.
#[test]
fn an_agent_keeps_its_name_when_steps_come_and_go() {
    let bare = format!("      - uses: {PINNED}\n");
    let before = "      - uses: aws-actions/configure-aws-credentials@v5\n      - run: make\n";
    for steps in [bare.clone(), format!("{before}{bare}")] {
        assert_eq!(ids(&report(&workflow("push", "{}", &steps))), ["triage/claude-code"]);
    }
    let named = format!(
        "{before}{bare}{bare}      - name: Fix it\n        uses: {PINNED}\n      - id: last\n        uses: {PINNED}\n"
    );
    let found = ids(&report(&workflow("push", "{}", &named)));
    assert_eq!(found, ["triage/Fix it", "triage/claude-code", "triage/claude-code/2", "triage/last"]);
    let step = |name: &str| format!("      - name: {name}\n        uses: {PINNED}\n");
    let alike = [step("a/b"), step("a/2"), step("a"), step("a")].concat();
    assert_eq!(ids(&report(&workflow("push", "{}", &alike))), ["triage/a", "triage/a/2", "triage/a/3", "triage/a/b"]);
}

/// Some actions ask by themselves who started them; an input takes that back.
#[test]
fn an_input_that_opens_the_agent_to_anybody_is_told() {
    let step = format!(
        "      - uses: {ASKS}\n        with:\n          anthropic_api_key: ${{{{ secrets.KEY }}}}\n          allowed_non_write_users: '*'\n"
    );
    let asks = report(&workflow("issues", "{issues: write}", &step.replace("'*'", "anna")));
    assert_eq!(rules(&asks), ["agent-ci-reads-outsiders"], "the vendor's own template");
    let found = report(&workflow("issues", "{issues: write}", &step));
    let (message, _) = &of_rule(&found, "agent-ci-untrusted")[0];
    assert!(message.contains("anybody (allowed_non_write_users is *)"), "{message}");
}

/// What an agent is told not to do is no flag.
#[test]
fn flags_in_prompts_are_no_flags() {
    let step = format!(
        "      - uses: {PINNED}\n        with:\n          prompt: never use --dangerously-skip-permissions\n          # --yolo\n"
    );
    assert_eq!(rules(&report(&workflow("push", "{}", &step))), Vec::<String>::new());
    let step = format!(
        "      - uses: {PINNED}\n        with:\n          claude_args: |\n            --max-turns 3\n            --permission-mode bypassPermissions\n"
    );
    assert_eq!(rules(&report(&workflow("push", "{}", &step))), ["agent-tools-unasked"]);
}

/// Workflows in words start an agent, too; without a word about it only for those who may write.
#[test]
fn a_workflow_in_words_is_an_agent_with_rights() {
    let told = |roles: &str| {
        let folder = folder();
        let text = format!("---\non: issues\npermissions: write-all\nengine: claude\n{roles}---\nSort it.\n");
        write(folder.path(), "repo/.github/workflows/sort.md", text);
        write(folder.path(), "repo/CODEOWNERS", "* @acme/a\n");
        let report = scan(folder.path(), &["repo"]).1;
        assert_eq!(named(&report, "agent.ci"), ["claude of sort (.github/workflows/sort.md)"]);
        rules(&report)
    };
    assert_eq!(told("roles: all\n"), ["agent-ci-untrusted"]);
    assert_eq!(told("roles: [admin]\n"), ["agent-ci-reads-outsiders"]);
    assert_eq!(told(""), ["agent-ci-reads-outsiders"]);
}

/// A value that a pipeline writes down for its agent is told by its name, wherever the agent gets it from.
#[test]
fn values_written_into_a_pipeline_are_told_by_name() {
    let value = "hk7Qe2Lm9pWz4xR8tB3nV6";
    let head = "on: push\n";
    let jobs = "jobs:\n  j:\n    runs-on: u\n";
    let run = "    steps:\n      - run: claude -p x\n";
    for (text, place, by) in [
        (format!("{head}{jobs}{run}        env: {{API_KEY: {value}}}\n"), 7, "env"),
        (format!("{head}{jobs}    env: {{API_KEY: \"{value}\"}}\n{run}"), 5, "env"),
        (format!("{head}env:\n  API_KEY: {value}\n{jobs}{run}"), 3, "env"),
        (format!("{head}{jobs}    steps:\n      - run: API_KEY={value} claude -p x\n"), 6, "env"),
        (format!("{head}{jobs}    steps:\n      - uses: {PINNED}\n        with: {{API_KEY: {value}}}\n"), 7, "input"),
    ] {
        let told = of_rule(&report(&text), "agent-literal-secret");
        assert_eq!(told.len(), 1, "{text}: {told:?}");
        assert!(told[0].0.starts_with(&format!("API_KEY stands in plain text ({by})")), "{told:?}");
        assert_eq!(told[0].1, format!(".github/workflows/a.yml:{place}"));
    }
    for harmless in ["${{ secrets.API_KEY }}", "postgres", "postgres://u:postgres@localhost/x"] {
        let text = format!("{head}{jobs}    env: {{DB_PASSWORD: \"{harmless}\"}}\n{run}");
        assert!(of_rule(&report(&text), "agent-literal-secret").is_empty(), "{harmless}");
    }
    let folder = folder();
    let job = format!("j:\n  script: [claude -p x]\n  variables:\n    API_KEY: {value}\n");
    write(folder.path(), "repo/.gitlab-ci.yml", job);
    let told = of_rule(&scan(folder.path(), &["repo"]).1, "agent-literal-secret");
    assert!(told.len() == 1 && told[0].1 == ".gitlab-ci.yml:4", "{told:?}");
}
