//! Agents that a workflow starts through another file of its repository.

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

const ACTION: &str = "name: a\nruns:\n  using: composite\n  steps:\n    - run: echo hi\n      shell: bash\n    - uses: anthropics/claude-code-base-action@v1\n";
const CALLER: &str = "on: issue_comment\npermissions: write-all\njobs:\n  k:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./.github/actions/agent\n        with:\n          key: ${{ secrets.ANTHROPIC_API_KEY }}\n";

#[test]
fn an_agent_in_an_action_of_the_same_repository_is_that_of_the_job() {
    let folder = folder();
    let root = folder.path();
    write(root, "r/CODEOWNERS", "* @acme/platform\n");
    write(root, "r/app/.github/workflows/a.yml", CALLER);
    write(root, "r/app/.github/actions/agent/action.yml", ACTION);
    let (_, report) = scan(root, &["r"]);
    let told = of_rule(&report, "agent-ci-untrusted");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].1, "app/.github/workflows/a.yml:8");
    assert!(told[0].0.contains("Claude Code in job k, by ./.github/actions/agent"), "{told:?}");
    assert!(
        told[0].0.contains("issue_comment")
            && told[0].0.contains("everything")
            && told[0].0.contains("ANTHROPIC_API_KEY")
    );
    // Through another action, and back again.
    let onward = "runs:\n  using: composite\n  steps:\n    - uses: ./.github/actions/inner\n    - uses: ./.github/actions/agent\n";
    write(root, "r/app/.github/actions/agent/action.yml", onward);
    write(root, "r/app/.github/actions/inner/action.yaml", ACTION);
    assert_eq!(of_rule(&scan(root, &["r"]).1, "agent-ci-untrusted").len(), 1);
    // A guard in the called file asks about whoever started the caller.
    let guard = "    - if: github.event.comment.author_association == 'OWNER'\n      uses: anthropics";
    write(root, "r/app/.github/actions/inner/action.yaml", ACTION.replace("    - uses: anthropics", guard));
    let (_, report) = scan(root, &["r"]);
    assert_eq!(rules(&report), Vec::<String>::new());
    assert_eq!(named(&report, "agent.ci").len(), 1);
    // An action that nobody here uses is told by itself.
    write(root, "r/app/.github/workflows/a.yml", CALLER.replace("./.github/actions/agent", "./.github/actions/other"));
    assert_eq!(
        named(&scan(root, &["r"]).1, "agent.ci"),
        ["Claude Code in an action (app/.github/actions/inner/action.yaml)"]
    );
}

#[test]
fn a_called_workflow_of_the_same_repository_has_what_the_caller_leaves_it() {
    let folder = folder();
    let root = folder.path();
    write(root, "r/CODEOWNERS", "* @acme/platform\n");
    let caller = "on: issues\npermissions: {contents: write, issues: write}\njobs:\n  k:\n    uses: ./.github/workflows/review.yml\n    secrets: inherit\n";
    let callee = "on: workflow_call\npermissions: {issues: write, actions: write}\njobs:\n  j:\n    runs-on: x\n    steps:\n      - uses: anthropics/claude-code-base-action@v1\n        with: {anthropic_api_key: '${{ secrets.KEY }}'}\n";
    write(root, "r/.github/workflows/on-issue.yml", caller);
    write(root, "r/.github/workflows/review.yml", callee);
    let (_, report) = scan(root, &["r"]);
    let told = of_rule(&report, "agent-ci-untrusted");
    assert_eq!(told.len(), 1, "{told:?}");
    let (message, place) = &told[0];
    assert_eq!(place, ".github/workflows/on-issue.yml:5");
    assert!(message.contains("may write issues and gets every secret of the repository"), "{message}");
    // Through another workflow.
    let mid = "on: workflow_call\njobs:\n  m:\n    uses: ./.github/workflows/review.yml\n    secrets: inherit\n";
    write(root, "r/.github/workflows/mid.yml", mid);
    write(root, "r/.github/workflows/on-issue.yml", caller.replace("review.yml", "mid.yml"));
    assert_eq!(of_rule(&scan(root, &["r"]).1, "agent-ci-untrusted").len(), 1);
    // Where it is not in the tree, its name says what it is.
    write(root, "r/.github/workflows/on-issue.yml", caller.replace("review.yml", "claude.yml"));
    let told = of_rule(&scan(root, &["r"]).1, "agent-ci-untrusted");
    assert!(told.len() == 1 && told[0].0.contains("by ./.github/workflows/claude.yml"), "{told:?}");
}

/// Files that call each other, each many times, end.
#[test]
fn files_that_call_each_other_end() {
    let folder = folder();
    let root = folder.path();
    let steps = (0..200).map(|number| format!("    - uses: ./a{}\n", number % 20)).collect::<String>();
    for number in 0..20 {
        write(root, &format!("r/a{number}/action.yml"), format!("runs:\n  using: composite\n  steps:\n{steps}"));
    }
    let jobs = (0..200).map(|number| format!("      - uses: ./a{}\n", number % 20)).collect::<String>();
    write(root, "r/.github/workflows/a.yml", format!("on: issues\njobs:\n  k:\n    runs-on: x\n    steps:\n{jobs}"));
    write(root, "r/a7/action.yml", ACTION);
    let began = std::time::Instant::now();
    let (_, report) = scan(root, &["r"]);
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(named(&report, "agent.ci").len(), 200, "each of the 200 steps comes to the agent");
}
