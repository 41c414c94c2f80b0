//! Policy documents that were read once and serve every question. It judges nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::Document;
use crate::model::{Policy, PolicyLanguage, Urn};

/// The documents of policies by name.
#[derive(Debug, Default)]
pub struct Library {
    documents: HashMap<Urn, Arc<Document>>,
}

impl Library {
    /// Reads every IAM policy.
    pub fn new<'p>(policies: impl Iterator<Item = &'p Policy>) -> Self {
        let iam = policies.filter(|policy| policy.language == PolicyLanguage::AwsIam);
        let read = |policy: &Policy| (policy.id.clone(), Arc::new(Document::read(&policy.document)));
        Self { documents: iam.map(read).collect() }
    }

    /// The document of a policy; read now if it was not before.
    pub(super) fn open<'a>(&self, policy: &'a Policy) -> Compiled<'a> {
        let known = self.documents.get(&policy.id).map(Arc::clone);
        Compiled { policy, document: known.unwrap_or_else(|| Arc::new(Document::read(&policy.document))) }
    }
}

/// A policy with its statements.
#[derive(Clone, Debug)]
pub(super) struct Compiled<'a> {
    pub(super) policy: &'a Policy,
    pub(super) document: Arc<Document>,
}
