//! `nonhuman access aws`: whether a principal may do an action on a resource, and which statements decide that.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::access_request::{Accounts, Answer, Question};
use super::arguments::Global;
use super::{Failure, gather, output, wanted};
use crate::access::aws::{Layer, Verdict};
use crate::config::Config;
use crate::exit::Exit;
use crate::report::clean;
use crate::term;

const EXAMPLES: &str = "Examples:
  nonhuman access aws --export account/ --principal arn:aws:iam::111122223333:role/ci \\
      --action s3:GetObject --resource arn:aws:s3:::orders/2026.csv --context aws:SourceIp=203.0.113.7
  nonhuman access aws --export account/ --requests questions.jsonl

A line of --requests is an object with principal, action and resource, and if need be id, context, resource_account,
complete_context and policies of its own: identity_policies, boundary, session_policies, scps (a list of levels), rcps,
resource_policy. The answers are lines in the same order.

Exit codes:
  0  answered, whatever the answer
  2  wrong usage, or a question that cannot be read
  3  answered, but something of the export could not be read (accept with --allow-partial)";

/// `nonhuman access aws`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AccessAws {
    /// Read accounts from this file or folder, as `aws iam get-account-authorization-details` and its like write them
    #[arg(long, value_name = "PATH")]
    export: Vec<PathBuf>,
    /// Who asks: the ARN of a user, a role, a session or a root user; a service such as lambda.amazonaws.com; or *
    #[arg(long, value_name = "ARN", required_unless_present = "requests")]
    principal: Option<String>,
    /// What for, such as s3:GetObject
    #[arg(long, value_name = "ACTION", required_unless_present = "requests")]
    action: Option<String>,
    /// On what: an ARN, also with wildcards, or *
    #[arg(long, value_name = "ARN", default_value = "*")]
    resource: String,
    /// The account of the resource, where its ARN does not name one [default: that of the principal]
    #[arg(long, value_name = "ACCOUNT")]
    resource_account: Option<String>,
    /// A condition key of the request; several times for several values; KEY= says that the request has none
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// Take what is not given as not there, in place of not known: condition keys, and a policy of the resource
    #[arg(long)]
    complete_context: bool,
    /// The policy of the resource, in place of what the export has
    #[arg(long, value_name = "FILE")]
    resource_policy: Option<PathBuf>,
    /// A service control policy of the principal's account, in place of those of the export; each is a level of its own
    #[arg(long, value_name = "FILE")]
    scp: Vec<PathBuf>,
    /// A resource control policy of the resource's account, in place of those of the export
    #[arg(long, value_name = "FILE")]
    rcp: Vec<PathBuf>,
    /// A policy that the session was made with
    #[arg(long, value_name = "FILE")]
    session_policy: Vec<PathBuf>,
    /// Answer the questions of this file, one JSON object a line; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "action", "context"])]
    requests: Option<PathBuf>,
    /// How to write the answer; those to --requests are always JSON
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Judge times as of this time, such as 2026-11-22 [default: the clock]
    #[arg(long, value_name = "TIME", env = "NONHUMAN_NOW")]
    now: Option<String>,
    /// Do not exit with 3 when something could not be looked at
    #[arg(long)]
    allow_partial: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Lines for a reader
    Text,
    /// One JSON object
    Json,
}

pub(super) fn run(arguments: &AccessAws, global: &Global, config: &Config) -> Result<Exit, Failure> {
    for path in &arguments.export {
        wanted::must_exist(path)?;
    }
    let now = gather::now(arguments.now.as_deref())?;
    let records = if arguments.export.is_empty() {
        Vec::new()
    } else {
        gather::read(gather::aws_exports(arguments.export.clone(), now), None, global, config)?.0
    };
    let accounts = Accounts::new(records, now);
    let is_partial = accounts.holes().count() > 0;
    if !global.quiet {
        accounts.holes().for_each(|hole| term::remark(&format!("not read: {hole}")));
    }
    let is_wrong = match &arguments.requests {
        Some(path) => answer_all(path, &accounts)?,
        None => {
            let answer = accounts.answer(&question(arguments)?).map_err(Failure)?;
            output::to_stdout(|out| match arguments.format {
                Form::Text => write_text(&answer, out),
                Form::Json => writeln!(out, "{}", serde_json::to_string_pretty(&answer).map_err(io::Error::other)?),
            })?;
            false
        }
    };
    if is_wrong {
        return Ok(Exit::Usage);
    }
    Ok(Exit::of_scan(false, is_partial, false, arguments.allow_partial))
}

fn question(arguments: &AccessAws) -> Result<Question, Failure> {
    let documents = |paths: &[PathBuf]| paths.iter().map(|path| document(path)).collect::<Result<Vec<_>, _>>();
    let (scps, rcps) = (documents(&arguments.scp)?, documents(&arguments.rcp)?);
    let mut question = Question {
        principal: arguments.principal.clone().unwrap_or_default(),
        action: arguments.action.clone().unwrap_or_default(),
        resource: arguments.resource.clone(),
        resource_account: arguments.resource_account.clone(),
        complete_context: arguments.complete_context,
        resource_policy: arguments.resource_policy.as_deref().map(document).transpose()?,
        scps: (!scps.is_empty()).then(|| scps.into_iter().map(|policy| vec![policy]).collect()),
        rcps: (!rcps.is_empty()).then_some(rcps),
        session_policies: documents(&arguments.session_policy)?,
        ..Question::default()
    };
    for text in &arguments.context {
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| key.contains(':')) else {
            return Err(Failure(format!("--context {text}: expected KEY=VALUE, such as aws:SourceIp=203.0.113.7")));
        };
        let values = question.context.entry(key.to_owned()).or_default();
        if !value.is_empty() {
            values.0.push(value.to_owned());
        }
    }
    Ok(question)
}

/// A policy document of a file.
fn document(path: &Path) -> Result<Value, Failure> {
    let named = |error: &dyn std::fmt::Display| Failure(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    serde_json::from_str(&text).map_err(|error| named(&format!("expected a policy document: {error}")))
}

/// Answers every line; says whether some could not be.
fn answer_all(path: &Path, accounts: &Accounts) -> Result<bool, Failure> {
    let named = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(named)?))
    };
    let mut is_wrong = false;
    output::to_stdout(|out| {
        for (number, line) in reader.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let place = format!("{}:{}", path.display(), number + 1);
            let answer = serde_json::from_str(&line)
                .map_err(|error| format!("{place}:{}: {error}", error.column()))
                .and_then(|question| accounts.answer(&question).map_err(|error| format!("{place}: {error}")));
            let written = match answer {
                Ok(answer) => serde_json::to_string(&answer),
                Err(error) => {
                    is_wrong = true;
                    serde_json::to_string(&serde_json::json!({ "error": error }))
                }
            };
            writeln!(out, "{}", written.map_err(io::Error::other)?)?;
        }
        Ok(())
    })?;
    Ok(is_wrong)
}

fn write_text(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let decision = &answer.decision;
    let verdict = match (decision.verdict, decision.explicit) {
        (Verdict::Allowed, _) => "allowed",
        (Verdict::Conditional, _) => "conditional",
        (Verdict::Denied, true) => "denied",
        (Verdict::Denied, false) => "not allowed",
    };
    line(out, &format!("{verdict}: {} {} {}", answer.principal, answer.action, answer.resource))?;
    for reason in &decision.because {
        let sid = reason.sid.as_deref().map(|sid| format!(" '{sid}'")).unwrap_or_default();
        let perhaps = if reason.conditional { ", if its condition holds" } else { "" };
        line(
            out,
            &format!(
                "  {}: {}, statement {}{sid}: {}{perhaps}",
                reason.layer.describe(),
                reason.policy,
                reason.statement,
                reason.says
            ),
        )?;
    }
    for layer in &decision.blocked_by {
        line(out, &format!("  nothing allows it: {}", layer.describe()))?;
    }
    if !decision.missing.is_empty() {
        line(out, &format!("  depends on {} (give them with --context)", decision.missing.join(", ")))?;
    }
    for layer in &decision.unread {
        line(out, &format!("  depends on {}", unread(*layer)))?;
    }
    for note in &answer.notes {
        line(out, &format!("  note: {note}"))?;
    }
    Ok(())
}

/// What was not read, and what to do about it.
fn unread(layer: Layer) -> &'static str {
    match layer {
        Layer::Resource => "the policy of the resource, which was not read (give it with --resource-policy)",
        Layer::Boundary => "the caller's permissions boundary, which is not in the export",
        _ => "a policy of the caller that is not in the export",
    }
}

/// One line, whatever names of the world stand in it.
fn line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", clean(text))
}
