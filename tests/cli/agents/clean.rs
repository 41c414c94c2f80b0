//! Agents that are as they should be give no finding, and what is told of them is right.

use super::{named, rules, scan};
use crate::tree::{folder, write};

#[test]
fn a_clean_set_gives_no_finding() {
    let folder = folder();
    let root = folder.path();
    let digest = "sha256:5d1f2c8e90b7a46d3c5e8f1a2b4d6079e8c3a5f7b1d9042e6c8a0f3b5d7e9124";
    write(
        root,
        "c/repo/.mcp.json",
        format!(
            "{{\"mcpServers\": {{\
        \"github\": {{\"command\": \"docker\", \"args\": [\"run\", \"-i\", \"--rm\", \"-e\", \"GITHUB_TOKEN\", \"ghcr.io/github/github-mcp-server@{digest}\"], \"env\": {{\"GITHUB_TOKEN\": \"${{GITHUB_TOKEN}}\"}}}},\
        \"db\": {{\"type\": \"http\", \"url\": \"http://localhost:8765/mcp\", \"headers\": {{\"Authorization\": \"Bearer ${{DB_TOKEN}}\"}}}},\
        \"keychain\": {{\"command\": \"bash\", \"args\": [\"-c\", \"API_TOKEN=$(security find-generic-password -s x -w) npx -y x@1.2.3\"]}},\
        \"store\": {{\"command\": \"bash\", \"args\": [\"-c\", \"API_TOKEN=\\\"$(op read op://v/i/f)\\\" exec npx -y x@1.2.3 --token `pass show a/b`\"]}},\
        \"time\": {{\"command\": \"uvx\", \"args\": [\"mcp-server-time==2025.8.4\"], \"env\": {{\"API_KEY\": \"op://vault/time/key\"}}}},\
        \"files\": {{\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-filesystem@2025.8.21\", \"./docs\"]}}}}}}"
        ),
    );
    write(
        root,
        "c/repo/.claude/settings.json",
        r#"{"apiKeyHelper": "security find-generic-password -w -s anthropic",
        "permissions": {"defaultMode": "default", "allow": ["Bash(npm test:*)", "Read(./src/**)"], "deny": ["Bash(curl:*)"]},
        "enabledMcpjsonServers": ["github"]}"#,
    );
    write(
        root,
        "c/repo/.claude/agents/reviewer.md",
        "---\nname: reviewer\ntools: Read, Grep\nmodel: sonnet\nowner: anna.berg@acme.example\n---\nReview.\n",
    );
    write(
        root,
        "c/repo/.vscode/mcp.json",
        r#"{"inputs": [{"id": "t", "type": "promptString", "password": true}], "servers": {"x": {"url": "https://x.example/mcp", "headers": {"X-Api-Key": "${input:t}"}}}}"#,
    );
    write(root, "c/repo/.github/CODEOWNERS", "* @acme/shop\n");
    write(
        root,
        "c/repo/.github/workflows/review.yml",
        "on: pull_request\npermissions: {contents: read}\njobs:\n  r:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: anthropics/claude-code-action@594eaae1035859d5b842dfa511bf1f9057399059\n        with: {anthropic_api_key: '${{ secrets.ANTHROPIC_API_KEY }}'}\n",
    );
    write(root, "c/repo/requirements.txt", "langgraph==0.6.7\nrequests==2.32.4\n");
    write(
        root,
        "c/repo/app.py",
        "from langgraph.prebuilt import create_react_agent\nagent = create_react_agent(model, tools=[])\n",
    );
    write(
        root,
        "c/home/.codex/config.toml",
        "approval_policy = \"on-request\"\nsandbox_mode = \"workspace-write\"\n[mcp_servers.gh]\nurl = \"https://api.githubcopilot.com/mcp/\"\nbearer_token_env_var = \"GITHUB_TOKEN\"\n",
    );
    write(
        root,
        "c/home/.gemini/settings.json",
        r#"{"mcpServers": {"v": {"command": "vault-mcp-server", "env": {"VAULT_TOKEN": "$VAULT_TOKEN"}, "trust": false}}}"#,
    );
    let (code, report) = scan(root, &["c"]);
    assert_eq!((code, rules(&report)), (0, Vec::new()), "{}", report["findings"]);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(0));
    assert_eq!(named(&report, "agent.mcp-server").len(), 9);
    assert_eq!(named(&report, "agent.code").len(), 2);
    assert_eq!(named(&report, "agent.definition"), ["reviewer (repo/.claude/agents/reviewer.md)"]);
}

/// Files that describe agents, each with the agents that are told of it.
#[test]
fn descriptions_of_agents_are_read() {
    let cases: &[(&str, &str, &[&str])] = &[
        (".claude/agents/fixer.md", "---\nname: fixer\ntools: '*'\n---\nx\n", &["fixer"]),
        (
            ".github/agents/triage.agent.md",
            "---\ndescription: d\ntools: ['*']\nmcp-servers:\n  gh:\n    command: x\n---\n",
            &["triage"],
        ),
        (
            "src/shop/config/agents.yaml",
            "writer:\n  role: Writer\n  goal: write\n  backstory: b\neditor:\n  role: E\n  goal: g\n",
            &["editor", "writer"],
        ),
        ("langgraph.json", r#"{"graphs": {"support": "./a.py:graph"}, "env": ".env"}"#, &["support"]),
        ("root_agent.yaml", "name: planner\nmodel: gemini-2.5-pro\ntools:\n  - name: google_search\n", &["planner"]),
        (
            "flows/mail.json",
            r#"{"name": "Mail", "nodes": [{"type": "@n8n/n8n-nodes-langchain.agent", "name": "AI"}, {"type": "x", "credentials": {"openAiApi": {"id": "1", "name": "main"}}}]}"#,
            &["Mail"],
        ),
        ("dify/help.yml", "kind: app\napp:\n  name: Help desk\n  mode: agent-chat\n", &["Help desk"]),
        (
            "flowise/f.json",
            r#"{"nodes": [{"data": {"category": "Agents", "label": "Tool Agent", "name": "toolAgent"}}]}"#,
            &["Tool Agent"],
        ),
        ("public/ai-plugin.json", r#"{"name_for_model": "todo", "auth": {"type": "none"}}"#, &["todo"]),
        ("AGENTS.md", "# Rules\nBe kind.\n", &[]),
        ("CLAUDE.md", "---\nname: house\nowner: bo@acme.example\n---\n# Rules\n", &["house"]),
    ];
    for (path, text, expected) in cases {
        let folder = folder();
        write(folder.path(), &format!("repo/{path}"), text);
        let (_, report) = scan(folder.path(), &["repo"]);
        let mut names: Vec<String> = named(&report, "agent.definition")
            .iter()
            .map(|name| name.split(" (").next().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        assert_eq!(names, *expected, "{path}");
    }
}

#[test]
fn frameworks_in_every_kind_of_dependency_file() {
    let cases = [
        ("requirements-dev.txt", "crewai>=0.80\n", "CrewAI"),
        ("pyproject.toml", "[project]\ndependencies = [\n  \"pydantic-ai>=1\",\n]\n", "Pydantic AI"),
        ("uv.lock", "[[package]]\nname = \"google-adk\"\n", "Google ADK"),
        ("package.json", "{\"dependencies\": {\"@openai/agents\": \"^0.1.0\"}}", "OpenAI Agents SDK"),
        ("go.mod", "module a\nrequire (\n\tgithub.com/mark3labs/mcp-go v0.40.0\n)\n", "MCP SDK"),
        ("Cargo.toml", "[dependencies]\nrmcp = \"0.8\"\n", "MCP SDK"),
        (
            "app/App.csproj",
            "<PackageReference Include=\"Microsoft.SemanticKernel\" Version=\"1.0\" />",
            "Semantic Kernel",
        ),
        ("pom.xml", "<artifactId>langchain4j</artifactId>", "LangChain4j"),
        ("src/main.ts", "const server = new McpServer({});\n", "MCP SDK"),
    ];
    for (path, text, expected) in cases {
        let folder = folder();
        write(folder.path(), &format!("repo/{path}"), text);
        let (code, report) = scan(folder.path(), &["repo"]);
        assert_eq!((code, named(&report, "agent.code")), (0, vec![format!("{expected} ({path})")]), "{path}");
    }
}

/// Front matter names an owner, CODEOWNERS another; without either there is none.
#[test]
fn owners_are_read_where_they_are_written() {
    let folder = folder();
    let agent = |more: &str| format!("---\nname: a\n{more}---\n");
    write(folder.path(), "r/one/.claude/agents/a.md", agent("owner: anna.berg@acme.example\n"));
    write(folder.path(), "r/two/.claude/agents/a.md", agent(""));
    write(folder.path(), "r/two/.github/CODEOWNERS", "/docs/ @acme/docs\n/.claude/ @acme/two\n");
    write(folder.path(), "r/three/.claude/agents/a.md", agent(""));
    let (_, report) = scan(folder.path(), &["r"]);
    let unowned = super::of_rule(&report, "agent-unowned");
    assert_eq!(unowned.len(), 1, "{unowned:?}");
    assert_eq!(unowned[0].1, "three/.claude/agents/a.md:2");
}
