//! The page for a browser: what it says without scripts, what its data part holds, and that no text of the world can act
//! in it. How it behaves in a browser is `tests/browser`.

use std::collections::BTreeSet;

use base64::Engine;
use nonhuman::inventory::{Graph, Inventory, Source};
use nonhuman::model::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::scenario::{HOSTILE, World, evidence, finding, identity, quiet, user, world};

/// The page in its parts.
struct Page {
    /// Everything but the style, the data and the script.
    markup: String,
    data: Value,
    script: String,
    style: String,
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> (&'a str, &'a str, &'a str) {
    let (before, rest) = text.split_once(start).unwrap();
    let (inside, after) = rest.split_once(end).unwrap();
    (before, inside, after)
}

fn page(world: &World) -> Page {
    let text = world.plain("html");
    let (head, style, rest) = between(&text, "<style>", "</style>");
    let (body, data, rest) = between(rest, "<script type=\"application/json\" id=\"data\">", "</script>");
    let (gap, script, end) = between(rest, "<script>", "</script>");
    Page {
        markup: [head, body, gap, end].concat(),
        data: serde_json::from_str(data).unwrap(),
        script: script.to_owned(),
        style: style.to_owned(),
    }
}

impl Page {
    fn text(&self, place: &Value) -> String {
        self.data["strings"][usize::try_from(place.as_u64().unwrap()).unwrap()].as_str().unwrap().to_owned()
    }

    /// The rows of a table as objects, as the scripts read them.
    fn rows(&self, table: &str) -> Vec<Value> {
        let columns: Vec<&str> =
            self.data[table]["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let read = |column: &str, cell: &Value| match column.as_bytes()[0] {
            b'$' => Value::from(self.text(cell)),
            b'@' => cell.as_array().unwrap().iter().map(|one| Value::from(self.text(one))).collect(),
            _ => cell.clone(),
        };
        let row = |cells: &Value| -> Value {
            let cells = cells.as_array().unwrap();
            assert_eq!(cells.len(), columns.len(), "{table}");
            let named = columns.iter().zip(cells);
            named.map(|(column, cell)| (column.trim_start_matches(['$', '@']).to_owned(), read(column, cell))).collect()
        };
        self.data[table]["rows"].as_array().unwrap().iter().map(row).collect()
    }

    /// The arrows of an identity's picture, as `from → to`.
    fn arrows(&self, name: &str) -> Vec<String> {
        let row = self.rows("identities").into_iter().find(|row| row["name"] == name).unwrap();
        if row["chain"] == 0 {
            return Vec::new();
        }
        let (boxes, arrows) = (&row["chain"][0], &row["chain"][1]);
        let label = |place: &Value| self.text(&boxes[usize::try_from(place.as_u64().unwrap()).unwrap()][2]);
        let arrow = |one: &Value| format!("{} {} {}", label(&one[0]), self.text(&one[2]), label(&one[1]));
        arrows.as_array().unwrap().iter().map(arrow).collect()
    }
}

#[test]
fn the_page_without_scripts_reads_as_reviewed() {
    // The hashes are those of the style and the script, which are no part of this.
    insta::with_settings!({filters => vec![("sha256-[A-Za-z0-9+/=]+", "sha256-…")]}, {
        insta::assert_snapshot!("html", page(&world()).markup);
    });
}

/// The world with the steps that the join would have found in it.
fn tied() -> World {
    let mut world = world();
    let [place, key] = ["exposure:prod-env", "aws:access-key/AKIAIOSFODNN7EXAMPLE"].map(Urn::new);
    let (bot, role) = (user("deploy-bot"), Urn::new("arn:aws:iam::123456789012:role/ci"));
    let mut graph = Graph::new(vec![
        Edge::new(&place, EdgeKind::ValueOf, &key, "its key id"),
        Edge::new(&key, EdgeKind::Proves, &bot, "the account's list of keys"),
        Edge::new(&bot, EdgeKind::Assumes, &role, "the role's trust").only(Holding::Conditional, "aws:SourceIp"),
    ]);
    graph.search(vec![Source {
        kind: CapabilityKind::Administrator,
        scope: "account 123456789012".to_owned(),
        holders: vec![(role, Holding::Holds)],
    }]);
    world.inventory.facts.graph = graph;
    world
}

#[test]
fn the_chain_is_drawn_from_the_string_to_the_administrator() {
    let page = page(&tied());
    assert_eq!(
        page.arrows("deploy-bot"),
        [
            "AKIAIOSFODNN7EXAMPLE proves deploy-bot",
            "repos/web/config/prod.env:12:9 is the value of AKIAIOSFODNN7EXAMPLE",
            "deploy-bot may assume ci",
            "ci can become administrator",
        ]
    );
    let row = page.rows("identities").into_iter().find(|row| row["name"] == "deploy-bot").unwrap();
    let columns: Vec<_> = row["chain"][0].as_array().unwrap().iter().map(|node| node[0].as_i64().unwrap()).collect();
    assert_eq!(columns, [0, -1, -2, 1, 2], "itself, its key, the place, the role, the power");
    assert_eq!(row["chain"][1][2][3], 1, "the role asks for a condition");
    assert_eq!(page.text(&row["chain"][1][2][4]), "aws:SourceIp", "and says for which");
    assert_eq!(
        page.arrows("ci"),
        [
            "deploy-bot may assume ci",
            "AKIAIOSFODNN7EXAMPLE proves deploy-bot",
            "repos/web/config/prod.env:12:9 is the value of AKIAIOSFODNN7EXAMPLE",
            "token.actions.githubusercontent.com may become ci",
            "ci can become administrator",
        ]
    );
    assert_eq!(page.arrows("payments/worker"), Vec::<String>::new(), "nothing leads to it, and nothing from it");
}

#[test]
fn the_tables_hold_what_was_found() {
    let page = page(&world());
    let findings = page.rows("findings");
    assert_eq!(findings.len(), 6);
    assert_eq!((&findings[0]["rule"], &findings[0]["severity"]), (&"leaked-live-credential".into(), &4.into()));
    let identities = page.rows("identities");
    let about = usize::try_from(findings[0]["identity"].as_u64().unwrap()).unwrap();
    assert_eq!(identities[about]["name"], "deploy-bot");
    assert_eq!(identities[about]["owner_state"], "left");
    assert_eq!(identities[about]["power"], 3, "it can become administrator");
    assert_eq!(findings[4]["about"], "/srv/šablony a#1/notes 日本.md", "a file that belongs to nobody is named");
    let states: Vec<_> = page.rows("coverage").into_iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states[..3], ["hole", "hole", "not read"], "holes come first");
    let controls = page.data["frameworks"][0]["controls"].as_array().unwrap();
    assert_eq!((controls.len(), page.text(&controls[1][0])), (10, "OWASP-NHI2:2025".to_owned()));
    let unjudged = page.rows("rules").into_iter().find(|rule| rule["id"] == "left-owner").unwrap();
    assert_eq!(unjudged["unjudged"][0], "prod: no people directory was given (4 subjects)");
}

/// Elements are closed in order, and no name is given twice.
#[test]
fn the_markup_is_well_formed() {
    for world in [world(), quiet(vec![])] {
        let page = page(&world);
        let (mut open, mut ids) = (Vec::new(), BTreeSet::new());
        for part in page.markup.replace("<!DOCTYPE html>", "").split('<').skip(1) {
            let (tag, _) = part.split_once('>').unwrap_or_else(|| panic!("an element does not end: {part}"));
            assert!(!part[tag.len() + 1..].contains('>'), "text is not escaped: {part}");
            let name = tag.split(' ').next().unwrap();
            if let Some(id) = tag.split_once(" id=\"").and_then(|(_, rest)| rest.split('"').next()) {
                assert!(ids.insert(id.to_owned()), "{id} is there twice");
            }
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name.to_owned()), "{part}"),
                None if name == "meta" => {}
                None => open.push(name.to_owned()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn strangers_neither_run_nor_hide() {
    let text = world().plain("html");
    assert!(!text.contains("<script>alert"), "a name became an element");
    assert_eq!(text.matches("</script>").count(), 2, "the data end where they should");
    let page = page(&world());
    let shown =
        "=HYPERLINK(\"http://evil\")\\u{1b}]0;pwned\\u{7}\\u{202e}gnp.exe\\u{2066} second <script>alert(1)</script>";
    let names: Vec<_> = page.rows("identities").into_iter().map(|row| row["name"].clone()).collect();
    assert!(names.iter().any(|name| name.as_str().unwrap().starts_with(shown)), "{names:?}");
    assert!(page.markup.contains("\\u{202e}gnp.exe"), "what turns the reading direction is visible");
    assert!(!text.contains(&"x".repeat(2_500)), "no text is endless");
}

/// What the browser is told to allow is this style and this script, and neither asks for more.
#[test]
fn the_page_loads_nothing_and_makes_no_markup_of_text() {
    let page = page(&world());
    let (_, policy, _) = between(&page.markup, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    for part in ["default-src &#39;none&#39;", "base-uri &#39;none&#39;", "form-action &#39;none&#39;", "trusted-types"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    for own in [&page.style, &page.script] {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(own.as_bytes()));
        assert!(policy.contains(&format!("&#39;sha256-{hash}&#39;")), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for forbidden in [" src=", " style=", "href=\"http", "onclick", "<link", "<iframe", "<img"] {
        assert!(!page.markup.contains(forbidden), "{forbidden}");
    }
    let unsafe_ways =
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "XMLHttp"];
    for forbidden in unsafe_ways.into_iter().chain(["import(", "WebSocket", "localStorage", "http:", "https:"]) {
        assert!(!page.script.replace("http://www.w3.org/2000/svg", "").contains(forbidden), "{forbidden}");
    }
    assert!(!page.style.contains("url(") && !page.style.contains("@import"));
    assert!(!page.style.contains('<') && !page.script.contains("</"), "neither can end its element");
}

#[test]
fn an_incomplete_scan_is_never_a_clean_page() {
    let clean = page(&quiet(vec![CoverageEntry::complete("aws", "123456789012", "users", 1)]));
    assert!(clean.markup.contains("class=\"verdict clean\"") && clean.markup.contains("Nothing found"));
    for world in [quiet(vec![]), quiet(crate::scenario::coverage())] {
        let page = page(&world);
        assert!(page.markup.contains("class=\"verdict incomplete\""), "{}", page.markup);
        assert!(page.markup.contains("INCOMPLETE, not clean"));
        assert!(!page.markup.contains("Nothing found"));
    }
}

/// What the issue asks for: 20,000 identities in less than 15 MB.
#[test]
fn a_large_organisation_fits() {
    let mut records = Vec::new();
    let mut findings = Vec::new();
    for number in 0..20_000 {
        let account = format!("{}", 100_000_000_000_u64 + number % 12);
        let name = format!("service-of-team-{:03}-{number:05}", number % 150);
        let urn = Urn::new(format!("arn:aws:iam::{account}:role/{name}"));
        let mut one = identity(urn.clone(), IdentityKind::AwsRole, &account, &name);
        let file = format!("exports/{account}/account-authorization-details.json");
        one.evidence =
            evidence(Location::Export { file: file.into(), object: format!("RoleDetailList/{name}").into() });
        one.labels.insert("owner".to_owned(), format!("team-{:03}", number % 150));
        let mut told =
            finding("role-unused", Severity::Medium, Some(urn), &format!("{name} was not used for 400 days"));
        told.remedy = format!("aws iam delete-role --role-name {name}");
        told.evidence = vec![one.evidence.clone()];
        findings.push(told);
        records.push(Record::Identity(one));
    }
    let mut world = quiet(vec![CoverageEntry::complete("aws", "123456789012", "roles", 20_000)]);
    world.inventory = Inventory::build(records);
    world.findings = findings;
    let size = world.plain("html").len();
    assert!(size < 15_000_000, "{size} bytes");
    assert!(size > 3_000_000, "{size} bytes: something is missing");
}

#[test]
fn a_name_of_any_length_is_cut_where_it_is_shown() {
    let mut world = quiet(vec![CoverageEntry::complete("aws", "123456789012", "users", 1)]);
    let long = format!("{}{HOSTILE}", "a".repeat(100_000));
    let urn = Urn::new("arn:aws:iam::123456789012:user/long");
    world.inventory =
        Inventory::build(vec![Record::Identity(identity(urn.clone(), IdentityKind::AwsUser, "123456789012", &long))]);
    world.findings = vec![finding("unowned", Severity::Low, Some(urn), &long)];
    let page = page(&world);
    let name = page.rows("identities")[0]["name"].as_str().unwrap().to_owned();
    assert!(name.chars().count() < 2_100 && name.ends_with("more characters)"), "{}", name.len());
    assert!(page.markup.len() < 20_000, "{}", page.markup.len());
}
