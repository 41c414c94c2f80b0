//! Policy documents that were read once and serve every question. It judges nothing.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::document::Document;
use crate::model::{Policy, PolicyLanguage, Urn};

/// The documents of policies by name.
#[derive(Debug, Default)]
pub struct Library {
    documents: HashMap<Urn, Arc<Document>>,
    /// Those of the other versions of policies that have some, once somebody asked.
    others: HashMap<Urn, OnceLock<Vec<Arc<Document>>>>,
}

impl Library {
    /// Reads every IAM policy.
    pub fn new<'p>(policies: impl Iterator<Item = &'p Policy>) -> Self {
        let iam: Vec<&Policy> = policies.filter(|policy| policy.language == PolicyLanguage::AwsIam).collect();
        let read = |policy: &&Policy| (policy.id.clone(), Arc::new(Document::read(&policy.document.read())));
        let with_others = iam.iter().filter(|policy| !policy.other_versions.is_empty());
        let others = with_others.map(|policy| (policy.id.clone(), OnceLock::new())).collect();
        Self { documents: iam.par_iter().map(read).collect(), others }
    }

    /// The documents of the other versions of a policy, in their order; read now if they were not before.
    pub(super) fn others(&self, policy: &Policy) -> Vec<Arc<Document>> {
        let read = || policy.other_versions.iter().map(|one| Arc::new(Document::read(&one.document.read()))).collect();
        self.others.get(&policy.id).map_or_else(read, |known| known.get_or_init(read).clone())
    }

    /// The document of a policy; read now if it was not before.
    pub(super) fn open<'a>(&self, policy: &'a Policy) -> Compiled<'a> {
        let known = self.documents.get(&policy.id).map(Arc::clone);
        Compiled { policy, document: known.unwrap_or_else(|| Arc::new(Document::read(&policy.document.read()))) }
    }
}

/// A policy with its statements.
#[derive(Clone, Debug)]
pub(super) struct Compiled<'a> {
    pub(super) policy: &'a Policy,
    pub(super) document: Arc<Document>,
}
