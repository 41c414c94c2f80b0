//! JUnit XML for build servers (Jenkins, GitLab, Azure): a suite a rule, a failure a finding, an error a hole, skipped what
//! was not evaluated. Every text of the world is escaped.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use super::escape::{clean, flow};
use super::gaps::{Gap, gaps};
use super::notes::{headline, message};
use super::{Report, Scan, Style, Summary};
use crate::model::{Finding, Location, Severity};

/// `--format junit`.
pub(super) struct JUnit;

/// How a test of a suite ended.
enum Ending {
    Passed,
    Failed(String, String),
    Broken(String),
    Skipped(String),
}

/// A test: what it is of, its name, how it ended.
struct Case {
    class: String,
    name: String,
    ending: Ending,
}

impl Report for JUnit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".junit.xml", ".xml"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut suites: BTreeMap<&str, Vec<Case>> =
            scan.rules.iter().map(|rule| (rule.id.as_str(), Vec::new())).collect();
        for finding in scan.findings {
            suites.entry(&finding.rule).or_default().push(case(scan, finding));
        }
        let (unread, unjudged): (Vec<_>, Vec<_>) =
            gaps(scan).into_iter().partition(|gap| gap.is_hole || gap.name != gap.group);
        for gap in unjudged {
            suites.entry(gap.group).or_default().push(skipped(&gap));
        }
        let mut out = BufWriter::new(out);
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        let all: Vec<Case> = unread.iter().map(hole).collect();
        let total = suites.values().map(|cases| cases.len().max(1)).sum::<usize>() + all.len();
        let failures = count(suites.values().flatten(), |ending| matches!(ending, Ending::Failed(..)));
        let errors = count(all.iter(), |ending| matches!(ending, Ending::Broken(_)));
        let name = text(&format!("nonhuman: {}", headline(scan, &Summary::of(scan))));
        writeln!(out, "<testsuites name=\"{name}\" tests=\"{total}\" failures=\"{failures}\" errors=\"{errors}\">")?;
        for (rule, mut cases) in suites {
            if cases.is_empty() {
                cases.push(Case { class: rule.to_owned(), name: "no finding".to_owned(), ending: Ending::Passed });
            }
            suite(&mut out, scan, rule, &cases)?;
        }
        if !all.is_empty() {
            suite(&mut out, scan, "coverage", &all)?;
        }
        writeln!(out, "</testsuites>")?;
        out.flush()
    }
}

fn count<'a>(cases: impl Iterator<Item = &'a Case>, wanted: impl Fn(&Ending) -> bool) -> usize {
    cases.filter(|case| wanted(&case.ending)).count()
}

fn case(scan: &Scan<'_>, finding: &Finding) -> Case {
    let place = finding.evidence.first().map(|evidence| &evidence.location);
    let file = place.and_then(Location::file);
    let name = place.map_or_else(|| finding.subject.to_string(), ToString::to_string);
    let told = message(scan, finding);
    // No gate fails for what is told for information, and no build is to be called unstable for it.
    let ending = if finding.is_accepted() || finding.severity == Severity::Info {
        Ending::Skipped(told)
    } else {
        let detail = format!("{}: {}\nat {name}\nFix: {}", finding.severity, finding.title, finding.remedy);
        Ending::Failed(told, detail)
    };
    Case { class: file.unwrap_or_else(|| finding.rule.to_string()), name, ending }
}

fn hole(gap: &Gap<'_>) -> Case {
    let ending = if gap.is_hole { Ending::Broken(gap.text.clone()) } else { Ending::Skipped(gap.text.clone()) };
    Case { class: gap.group.to_owned(), name: gap.name.clone(), ending }
}

fn skipped(gap: &Gap<'_>) -> Case {
    Case { class: gap.group.to_owned(), name: "not evaluated".to_owned(), ending: Ending::Skipped(gap.text.clone()) }
}

fn suite(out: &mut impl Write, scan: &Scan<'_>, name: &str, cases: &[Case]) -> io::Result<()> {
    let failures = count(cases.iter(), |ending| matches!(ending, Ending::Failed(..)));
    let errors = count(cases.iter(), |ending| matches!(ending, Ending::Broken(_)));
    let skipped = count(cases.iter(), |ending| matches!(ending, Ending::Skipped(_)));
    let time = scan.now.strftime("%Y-%m-%dT%H:%M:%S");
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" timestamp=\"{time}\">",
        text(name),
        cases.len(),
    )?;
    for case in cases {
        write!(out, "    <testcase classname=\"{}\" name=\"{}\"", text(&case.class), text(&case.name))?;
        match &case.ending {
            Ending::Passed => writeln!(out, "/>")?,
            Ending::Failed(message, detail) => {
                let lines: Vec<_> = detail.lines().map(text).collect();
                writeln!(out, ">\n      <failure message=\"{}\">{}</failure>", text(message), lines.join("\n"))?;
                writeln!(out, "    </testcase>")?;
            }
            Ending::Broken(message) => {
                writeln!(out, ">\n      <error message=\"{}\"/>\n    </testcase>", text(message))?;
            }
            Ending::Skipped(message) => {
                writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", text(message))?;
            }
        }
    }
    writeln!(out, "  </testsuite>")
}

/// Text for XML 1.0, in an attribute or between tags: one line, its five signs as entities, and without the two
/// characters that no document may hold.
fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in clean(&flow(text)).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(text("a<b>&\"'\u{ffff}\n]]>\u{1b}"), "a&lt;b&gt;&amp;&quot;&apos;\u{fffd} ]]&gt;\\u{1b}");
    }
}
