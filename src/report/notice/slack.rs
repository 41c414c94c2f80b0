//! A message for Slack and chats that take its form (Mattermost, Rocket.Chat): a text for the preview, and blocks.
//! Source of the form and its limits: Slack, "Block Kit", "Formatting text for app surfaces".

use serde_json::{Value, json};

use super::Notice;
use crate::model::{Finding, Severity};
use crate::report::escape::flow_short;

/// How many findings are named.
const SHOWN: usize = 10;

/// The longest text of one line, in characters; a section holds 3,000.
const LONGEST: usize = 250;

impl Notice<'_> {
    /// The message.
    pub fn slack(&self) -> Value {
        let headline = escape(&flow_short(&self.headline(), LONGEST * 4));
        let raised: Vec<&Finding> = self.raised().collect();
        let mut blocks = vec![section(&format!("*nonhuman*: {headline}"))];
        for finding in raised.iter().take(SHOWN) {
            let sign = match finding.severity {
                Severity::Critical | Severity::High => "🔴",
                Severity::Medium => "🟠",
                Severity::Low | Severity::Info => "⚪",
            };
            let (message, remedy) = (flow_short(&finding.message, LONGEST), flow_short(&finding.remedy, LONGEST));
            let (message, remedy) = (escape(&message), escape(&remedy));
            let text = format!("{sign} *{}* `{}`\n{message}\n_fix:_ {remedy}", finding.severity, finding.rule);
            blocks.push(section(&text));
        }
        let holes = self.scan.inventory.coverage.holes().count();
        let mut rest = Vec::new();
        if let more @ 1.. = raised.len().saturating_sub(SHOWN) {
            rest.push(format!("and {more} more findings"));
        }
        if holes > 0 {
            rest.push(format!("{holes} things could not be read"));
        }
        if !rest.is_empty() {
            blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": rest.join("; ")}]}));
        }
        json!({"text": format!("nonhuman: {headline}"), "blocks": blocks})
    }
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

/// The three signs that Slack reads as its own; without `<` there is no link, no mention and no `<!channel>`. Marks of
/// style would at most make text bold.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nobody_is_called() {
        assert_eq!(escape("<!channel> & <@U1> `x`"), "&lt;!channel&gt; &amp; &lt;@U1&gt; 'x'");
    }
}
