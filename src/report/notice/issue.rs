//! The body of an issue of GitHub or GitLab about one finding, as a Markdown file. Nothing of the world becomes a link, a
//! mention or markup.

use super::Notice;
use crate::model::Finding;
use crate::report::escape::flow_short;
use crate::report::markdown::{code, escape};
use crate::report::notes::notes;
use crate::report::view::View;

/// The longest paragraph, in characters; an issue holds 65,536.
const LONGEST: usize = 4_000;

/// How many places are named.
const SHOWN: usize = 20;

impl Notice<'_> {
    /// The name of the file and the text of each finding that asks for somebody. The name is the finding's fingerprint, so
    /// that the same finding is the same file in every scan.
    pub fn issues(&self) -> impl Iterator<Item = (String, String)> {
        let view = View::of(self.scan);
        self.raised().map(move |finding| {
            let owner = finding.identity.as_ref().and_then(|id| view.facts(id).owner.value().cloned());
            let name = format!("{}.md", finding.fingerprint.as_str());
            (name, self.issue(finding, owner.map(|owner| owner.name)))
        })
    }

    fn issue(&self, finding: &Finding, owner: Option<String>) -> String {
        let prose = |text: &str| escape(&flow_short(text, LONGEST));
        let mut text = format!("# {}: {}\n\n", finding.severity, prose(&finding.title));
        text.push_str(&format!("{}\n\n", prose(&finding.message)));
        let rows = [
            ("severity", finding.severity.to_string()),
            ("confidence", finding.confidence.to_string()),
            ("rule", code(&finding.rule)),
            ("subject", code(finding.subject.as_str())),
            ("identity", finding.identity.as_ref().map(|id| code(id.as_str())).unwrap_or_default()),
            ("owner", owner.map(|name| prose(&name)).unwrap_or_default()),
            ("controls", prose(&finding.maps.join(", "))),
            ("fingerprint", code(finding.fingerprint.as_str())),
        ];
        text.push_str("| | |\n|---|---|\n");
        for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!("| {name} | {value} |\n"));
        }
        text.push_str(&format!("\n## What to do\n\n{}\n", prose(&finding.remedy)));
        if !finding.chain.is_empty() {
            text.push_str("\n## How it is known\n\n");
            let steps = finding.chain.iter().take(SHOWN).enumerate();
            text.extend(steps.map(|(number, step)| format!("{}. {}\n", number + 1, prose(step))));
        }
        text.push_str("\n## Where\n\n");
        text.extend(finding.evidence.iter().take(SHOWN).map(|one| format!("- {}\n", code(&one.location.to_string()))));
        text.extend(notes(self.scan, finding).iter().map(|note| format!("- {}\n", prose(note))));
        let (rule, print) = (&finding.rule, finding.fingerprint.as_str());
        text.push_str(&format!(
            "\n`nonhuman explain {rule}` says more. To take the risk: \
             `nonhuman triage accept {print} --reason … --by … --until …`\n"
        ));
        text
    }
}
