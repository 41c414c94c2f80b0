//! Settings as vendors print them in their own documentation: what somebody who knows them would say, and nothing else.

use super::{rules, scan};
use crate::tree::{folder, write};

/// A file, its text, and the rules that it breaks.
type Case = (&'static str, &'static str, &'static [&'static str]);

/// Of VS Code, GitHub, Anthropic, Supabase, Microsoft, OpenAI, Sentry, AWS, Notion, Grafana, MongoDB, Slack.
const SERVERS: &[Case] = &[
    (
        ".vscode/mcp.json",
        r#"{"servers": {"github": {"type": "http", "url": "https://api.githubcopilot.com/mcp/"}}}"#,
        &[],
    ),
    // A tag of an image that gets a token may be another image tomorrow.
    (
        ".vscode/mcp.json",
        r#"{"inputs": [{"type": "promptString", "id": "github_token", "password": true}], "servers": {"github": {"command": "docker",
            "args": ["run", "-i", "--rm", "-e", "GITHUB_PERSONAL_ACCESS_TOKEN", "ghcr.io/github/github-mcp-server"],
            "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": "${input:github_token}"}}}}"#,
        &["agent-unpinned-server"],
    ),
    (
        "claude_desktop_config.json",
        r#"{"mcpServers": {"filesystem": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem",
            "/Users/username/Desktop", "/Users/username/Downloads"]}}}"#,
        &[],
    ),
    (
        ".cursor/mcp.json",
        r#"{"mcpServers": {"supabase": {"command": "npx", "args": ["-y", "@supabase/mcp-server-supabase@latest", "--read-only",
            "--project-ref=<project-ref>"], "env": {"SUPABASE_ACCESS_TOKEN": "<personal-access-token>"}}}}"#,
        &[],
    ),
    (".mcp.json", r#"{"mcpServers": {"playwright": {"command": "npx", "args": ["@playwright/mcp@latest"]}}}"#, &[]),
    (
        ".codex/config.toml",
        "model = \"gpt-5\"\napproval_policy = \"on-request\"\nsandbox_mode = \"workspace-write\"\n[mcp_servers.context7]\ncommand = \"npx\"\nargs = [\"-y\", \"@upstash/context7-mcp\"]\n[mcp_servers.context7.env]\nMY_ENV_VAR = \"MY_ENV_VALUE\"\n[mcp_servers.figma]\nurl = \"https://mcp.figma.com/mcp\"\nbearer_token_env_var = \"FIGMA_OAUTH_TOKEN\"\nhttp_headers = { \"X-Figma-Region\" = \"us-east-1\" }\n",
        &[],
    ),
    (
        ".mcp.json",
        r#"{"mcpServers": {"Sentry": {"command": "npx", "args": ["-y", "mcp-remote@latest", "https://mcp.sentry.dev/mcp"]}}}"#,
        &[],
    ),
    (
        ".mcp.json",
        r#"{"mcpServers": {"aws": {"command": "uvx", "args": ["awslabs.aws-api-mcp-server@latest"],
            "env": {"AWS_REGION": "us-east-1", "AWS_API_MCP_PROFILE_NAME": "default"}, "disabled": false, "autoApprove": []}}}"#,
        &[],
    ),
    (
        ".mcp.json",
        r#"{"mcpServers": {"notionApi": {"command": "npx", "args": ["-y", "@notionhq/notion-mcp-server"],
            "env": {"OPENAPI_MCP_HEADERS": "{\"Authorization\": \"Bearer ntn_****\", \"Notion-Version\": \"2022-06-28\" }"}}}}"#,
        &[],
    ),
    (
        ".mcp.json",
        r#"{"mcpServers": {"grafana": {"command": "mcp-grafana", "args": [], "env": {"GRAFANA_URL": "http://localhost:3000",
            "GRAFANA_SERVICE_ACCOUNT_TOKEN": "<your service account token>"}}}}"#,
        &[],
    ),
    // The same as somebody fills it in.
    (
        ".mcp.json",
        r#"{"mcpServers": {"MongoDB": {"command": "npx", "args": ["-y", "mongodb-mcp-server", "--readOnly"],
            "env": {"MDB_MCP_CONNECTION_STRING": "mongodb+srv://svc:hk7Qe2Lm9pWz4xR8@cluster0.x.mongodb.net/myDatabase"}}}}"#,
        &["agent-literal-secret", "agent-unpinned-server"],
    ),
    (
        ".mcp.json",
        r#"{"mcpServers": {"slack": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-slack"],
            "env": {"SLACK_BOT_TOKEN": "xoxb-your-bot-token", "SLACK_TEAM_ID": "T01234567"}}}}"#,
        &[],
    ),
];

/// Of Anthropic, Block, OpenCode; and the templates of workflows of Anthropic and Google.
const SETTINGS: &[Case] = &[
    (
        ".claude/settings.json",
        r#"{"permissions": {"allow": ["Bash(npm run lint)", "Bash(npm run test:*)", "Read(~/.zshrc)"],
            "deny": ["Bash(curl:*)", "Read(./.env)", "Read(./secrets/**)"]}, "env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "1"}}"#,
        &[],
    ),
    (
        "home/.config/goose/config.yaml",
        "GOOSE_PROVIDER: anthropic\nGOOSE_MODE: smart_approve\nextensions:\n  developer:\n    bundled: true\n    enabled: true\n    type: builtin\n  github:\n    enabled: true\n    type: stdio\n    cmd: npx\n    args: [-y, \"@modelcontextprotocol/server-github\"]\n    env_keys: [GITHUB_PERSONAL_ACCESS_TOKEN]\n    envs: {}\n",
        &["agent-unpinned-server"],
    ),
    // The last line that fits counts: everything that is not named before it runs unasked.
    (
        "opencode.json",
        r#"{"mcp": {"ctx": {"type": "remote", "url": "https://mcp.context7.com/mcp", "headers": {"CONTEXT7_API_KEY": "{env:CONTEXT7_API_KEY}"}}},
            "permission": {"edit": "ask", "bash": {"git push": "ask", "*": "allow"}}}"#,
        &["agent-unrestricted"],
    ),
    // Whoever may not write is refused by the action itself; it reads what others wrote all the same.
    (
        ".github/workflows/claude.yml",
        "name: Claude Code\non:\n  issue_comment:\n    types: [created]\n  issues:\n    types: [opened, assigned]\njobs:\n  claude:\n    if: |\n      (github.event_name == 'issue_comment' && contains(github.event.comment.body, '@claude')) ||\n      (github.event_name == 'issues' && contains(github.event.issue.body, '@claude'))\n    runs-on: ubuntu-latest\n    permissions:\n      contents: read\n      issues: read\n      id-token: write\n    steps:\n      - uses: anthropics/claude-code-action@v1\n        with:\n          claude_code_oauth_token: ${{ secrets.CLAUDE_CODE_OAUTH_TOKEN }}\n",
        &["agent-ci-reads-outsiders", "agent-unowned"],
    ),
    // The condition lets members alone pass, whichever of the events it was.
    (
        ".github/workflows/gemini-dispatch.yml",
        "on:\n  pull_request: {types: [opened]}\n  issues: {types: [opened]}\n  issue_comment: {types: [created]}\njobs:\n  invoke:\n    if: |-\n      (\n        github.event_name == 'pull_request' &&\n        github.event.pull_request.head.repo.fork == false\n      ) || (\n        github.event.sender.type == 'User' &&\n        startsWith(github.event.comment.body || github.event.issue.body, '@gemini-cli') &&\n        contains(fromJSON('[\"OWNER\", \"MEMBER\", \"COLLABORATOR\"]'), github.event.comment.author_association || github.event.issue.author_association)\n      )\n    runs-on: ubuntu-latest\n    permissions: {contents: read, issues: write}\n    steps:\n      - uses: google-github-actions/run-gemini-cli@v0\n        with: {gemini_api_key: \"${{ secrets.GEMINI_API_KEY }}\", prompt: x}\n",
        &["agent-unowned"],
    ),
];

#[test]
fn what_vendors_print_is_judged_as_it_should_be() {
    for (path, text, expected) in SERVERS.iter().chain(SETTINGS) {
        let folder = folder();
        write(folder.path(), &format!("repo/{path}"), text);
        let (_, report) = scan(folder.path(), &["repo"]);
        assert_eq!(rules(&report), *expected, "{path}: {text}");
    }
}
