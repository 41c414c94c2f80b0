//! One page with everything, for an auditor and an engineer: a summary, tables, a page an identity with its chain drawn.
//! Loads nothing from anywhere, and no text of the world can become markup or script in it.

mod chain;
mod data;
mod frameworks;
mod governance;
mod markup;
mod sheet;
mod states;
mod story;
mod strings;
mod summary;
mod trend;

use std::io::{self, BufWriter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::group::groups;
use super::view::View;
use super::{Report, Scan, Style};
use crate::model::short_date;
use data::Data;
use markup::Markup;

const STYLE: &str = include_str!("assets/report.css");

/// The scripts, in the order in which they use each other, within one function so that they leave no name behind.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("assets/data.js"),
    include_str!("assets/dom.js"),
    include_str!("assets/picture.js"),
    include_str!("assets/table.js"),
    include_str!("assets/lists.js"),
    include_str!("assets/pages.js"),
    include_str!("assets/route.js"),
    "})();\n"
);

/// `--format html`.
pub(super) struct Html;

impl Report for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".html", ".htm"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let frameworks = frameworks::all();
        let mut page = Markup::default();
        head(&mut page, scan);
        body(&mut page, scan, &frameworks);
        out.write_all(page.into_string().as_bytes())?;
        out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
        strings::json(&Data::of(scan, &frameworks), &mut out)?;
        out.write_all(b"</script>\n<script>")?;
        out.write_all(SCRIPT.as_bytes())?;
        out.write_all(b"</script>\n</body>\n</html>\n")?;
        out.flush()
    }
}

/// What a browser may do with the page: apply its one style and run its one script, both known by their hash; nothing is
/// loaded, sent or framed, and no text becomes markup or script (Content Security Policy Level 3; Trusted Types).
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn head(page: &mut Markup, scan: &Scan<'_>) {
    page.literal("<!DOCTYPE html>\n").open("html", &[("lang", "en")]).open("head", &[]);
    page.open("meta", &[("charset", "utf-8")]);
    page.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy())]);
    page.open("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.open("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    page.open("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    page.open("meta", &[("name", "generator"), ("content", &format!("nonhuman {}", scan.version))]);
    page.element("title", &[], &format!("Non-human identities, {}", short_date(scan.now)));
    page.open("style", &[]).literal(STYLE).close("style").close("head");
}

fn body(page: &mut Markup, scan: &Scan<'_>, frameworks: &[frameworks::Framework]) {
    page.open("body", &[("data-version", scan.version), ("data-now", &scan.now.to_string())]);
    page.element("a", &[("class", "skip"), ("href", "#main")], "Skip to the content");
    page.open("header", &[]).element("a", &[("class", "brand"), ("href", "#/")], "nonhuman");
    page.open("nav", &[("aria-label", "Views")]);
    for (address, name) in [
        ("#/", "Summary"),
        ("#/findings", "Findings"),
        ("#/identities", "Identities"),
        ("#/frameworks", "Frameworks"),
        ("#/coverage", "Coverage and method"),
    ] {
        page.element("a", &[("href", address)], name).text(" ");
    }
    page.close("nav").close("header");
    page.open("main", &[("id", "main"), ("tabindex", "-1")]);
    let (view, groups) = (View::of(scan), groups(scan));
    let stories = story::stories(scan, &view, &groups);
    summary::write(page, scan, &stories, frameworks);
    summary::without_scripts(page, scan);
    page.open("section", &[("id", "view-other"), ("class", "view"), ("hidden", "")]).close("section");
    page.close("main");
    page.open("footer", &[]).text(&format!(
        "Made by nonhuman {} from what could be read on {}. It holds no secret value.",
        scan.version,
        short_date(scan.now)
    ));
    page.close("footer");
    page.open("div", &[("id", "said"), ("class", "unseen"), ("role", "status"), ("aria-live", "polite")]).close("div");
    page.literal("\n");
}
