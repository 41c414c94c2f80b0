//! CodeBuild, Glue, Step Functions and SageMaker: which role each runs as, and the text they carry.
//! It must not read build logs or notebooks.
//!
//! Shapes: the API references, `Project`, `Job`, `DescribeStateMachine`, `DescribeNotebookInstance`.

use serde_json::Value;

use crate::collect::aws::answer::{Answer, moment, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, last_part, region_of, variables};
use crate::model::FactKind::{Exposures, Settings, Workloads};
use crate::model::{AttributeName as A, Attributes, SettingKind, WorkloadKind};

const CODEBUILD: Wire = Wire::Json { target: "CodeBuild_20161006", version: "1.1" };
const GLUE: Wire = Wire::Json { target: "AWSGlue", version: "1.1" };
const STATES: Wire = Wire::Json { target: "AWSStepFunctions", version: "1.0" };
const SAGEMAKER: Wire = Wire::Json { target: "SageMaker", version: "1.1" };
const LOST: &[crate::model::FactKind] = &[Workloads, Exposures];

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new("codebuild", "list-projects", "codebuild:ListProjects", "build projects", CODEBUILD)
        .per(Per::Region)
        .pages("nextToken", "nextToken")
        .blinds(LOST)
        .of(&["aws.build", "aws.role"]),
    Call::new(
        "codebuild",
        "batch-get-projects",
        "codebuild:BatchGetProjects",
        "roles and environments of build projects, 100 a call",
        CODEBUILD,
    )
    .each("list-projects", "/projects/*", "names[]")
    .key("projectsNotFound")
    .blinds(LOST)
    .of(&["aws.build", "aws.role"]),
    Call::new(
        "codebuild",
        "list-source-credentials",
        "codebuild:ListSourceCredentials",
        "tokens that CodeBuild holds for source hosts",
        CODEBUILD,
    )
    .per(Per::Region)
    .key("sourceCredentialsInfos")
    .blinds(&[Settings])
    .of(&["aws.source-credential"]),
    Call::new("glue", "get-jobs", "glue:GetJobs", "jobs, their roles and arguments", GLUE)
        .per(Per::Region)
        .pages("NextToken", "NextToken")
        .key("Jobs")
        .blinds(LOST)
        .of(&["aws.glue-job", "aws.role"]),
    Call::new("stepfunctions", "list-state-machines", "states:ListStateMachines", "state machines", STATES)
        .per(Per::Region)
        .pages("nextToken", "nextToken")
        .key("stateMachines")
        .blinds(LOST)
        .of(&["aws.state-machine", "aws.role"]),
    Call::new(
        "stepfunctions",
        "describe-state-machine",
        "states:DescribeStateMachine",
        "the role and definition of each",
        STATES,
    )
    .each("list-state-machines", "/stateMachines/*/stateMachineArn", "stateMachineArn")
    .key("stateMachineArn")
    .blinds(LOST)
    .of(&["aws.state-machine", "aws.role"]),
    Call::new(
        "sagemaker",
        "list-notebook-instances",
        "sagemaker:ListNotebookInstances",
        "notebook instances",
        SAGEMAKER,
    )
    .per(Per::Region)
    .pages("NextToken", "NextToken")
    .key("NotebookInstances")
    .blinds(&[Workloads])
    .of(&["aws.notebook", "aws.role"]),
    Call::new(
        "sagemaker",
        "describe-notebook-instance",
        "sagemaker:DescribeNotebookInstance",
        "the role of each and how it is reached",
        SAGEMAKER,
    )
    .each("list-notebook-instances", "/NotebookInstances/*/NotebookInstanceName", "NotebookInstanceName")
    .key("NotebookInstanceArn")
    .blinds(&[Workloads])
    .of(&["aws.notebook", "aws.role"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "batch-get-projects" => projects(answer, notes),
        "list-source-credentials" => source_credentials(answer, notes),
        "get-jobs" => jobs(answer, notes),
        "describe-state-machine" => state_machine(answer, notes),
        "describe-notebook-instance" => notebook(answer, notes),
        _ => notes.counted(),
    }
}

fn projects(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "projects", &["arn"]) {
        let (arn, name) = (text(item, "arn"), text(item, "name"));
        let roles = notes.role(text(item, "serviceRole")).into_iter().collect();
        let attributes = Attributes::default().with(A::Form, text_at(item, "/source/type"));
        notes.workload(WorkloadKind::AwsBuild, (arn, name), roles, attributes, (answer, item));
        let plain = |one: &&Value| !matches!(text(one, "type"), "PARAMETER_STORE" | "SECRETS_MANAGER");
        let listed = item.pointer("/environment/environmentVariables").and_then(Value::as_array);
        let values: Vec<(String, String)> = listed
            .into_iter()
            .flatten()
            .filter(plain)
            .map(|one| (text(one, "name").to_owned(), text(one, "value").to_owned()))
            .collect();
        let place = format!("codebuild/{}/{name}", region_of(arn));
        notes.environment(format!("{place}/environment"), values.into_iter());
        notes.text(format!("{place}/buildspec"), text_at(item, "/source/buildspec").to_owned());
    }
}

fn source_credentials(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "sourceCredentialsInfos", &["arn"]) {
        let name = last_part(text(item, "arn"));
        let attributes = Attributes::default()
            .with(A::Service, text(item, "serverType").to_lowercase())
            .with(A::Form, text(item, "authType"));
        notes.setting(SettingKind::AwsSourceCredential, (text(item, "arn"), name), None, attributes, (answer, item));
    }
}

fn jobs(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Jobs", &["Name"]) {
        let name = text(item, "Name");
        let arn = notes.arn("glue", &answer.region, &format!("job/{name}"));
        let roles = notes.role(text(item, "Role")).into_iter().collect();
        let mut attributes = Attributes::default();
        attributes.set_known(A::Changed, moment(item, "LastModifiedOn"));
        notes.workload(WorkloadKind::AwsGlueJob, (&arn, name), roles, attributes, (answer, item));
        let arguments = variables(item.get("DefaultArguments")).into_iter();
        let arguments = arguments.map(|(name, value)| (name.trim_start_matches('-').to_owned(), value));
        notes.environment(format!("glue/{}/{name}/arguments", answer.region), arguments);
    }
}

fn state_machine(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "", &["stateMachineArn"]) else { return };
    let (arn, name) = (text(item, "stateMachineArn"), text(item, "name"));
    let roles = notes.role(text(item, "roleArn")).into_iter().collect();
    notes.workload(WorkloadKind::AwsStateMachine, (arn, name), roles, Attributes::default(), (answer, item));
    notes.text(format!("states/{}/{name}/definition", region_of(arn)), text(item, "definition").to_owned());
}

fn notebook(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "", &["NotebookInstanceArn"]) else { return };
    let roles = notes.role(text(item, "RoleArn")).into_iter().collect();
    let attributes = Attributes::default()
        .with(A::Public, text(item, "DirectInternetAccess") == "Enabled")
        .with(A::RootAccess, text(item, "RootAccess") == "Enabled");
    let id = (text(item, "NotebookInstanceArn"), text(item, "NotebookInstanceName"));
    notes.workload(WorkloadKind::AwsNotebook, id, roles, attributes, (answer, item));
}
