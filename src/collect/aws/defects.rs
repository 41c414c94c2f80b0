//! Finds the items of an answer that cannot be read, names them and takes them out, so that the others can be.
//! It must not quote what is in a file.

use super::export::List;
use super::parts::Part;

/// How many items are described; the others are counted.
const DESCRIBED: usize = 3;

/// The items of one file that were left out.
#[derive(Debug, Default)]
struct Defects {
    texts: Vec<String>,
    count: usize,
}

impl Defects {
    fn add(&mut self, text: String) {
        self.count += 1;
        if self.texts.len() < DESCRIBED {
            self.texts.push(text);
        }
    }

    /// Takes out the items that are not of their list's form, and those that lack one of the fields that name them.
    fn sift<T>(&mut self, list: &mut List<T>, name: &str, lacks: fn(&T) -> Option<&'static str>) {
        if !list.is_list {
            self.add(format!("{name}: expected a list"));
        }
        let wrong = std::mem::take(&mut list.wrong);
        let mut wrong = wrong.into_iter().peekable();
        let mut position = 0;
        let mut kept = Vec::with_capacity(list.items.len());
        for item in std::mem::take(&mut list.items) {
            position += 1;
            while wrong.next_if_eq(&position).is_some() {
                self.add(format!("{name}[{position}]: a value of another type than the AWS CLI writes here"));
                position += 1;
            }
            match lacks(&item) {
                None => kept.push(item),
                Some(field) => self.add(format!("{name}[{position}]: expected {field}")),
            }
        }
        for position in wrong {
            self.add(format!("{name}[{position}]: a value of another type than the AWS CLI writes here"));
        }
        list.items = kept;
    }
}

/// Takes the malformed items out of a part and describes them in one line; positions count from 1.
pub(super) fn take(part: &mut Part) -> Option<String> {
    let mut defects = Defects::default();
    match part {
        Part::Authorization(page) => {
            defects.sift(&mut page.users, "UserDetailList", |user| lacks(&user.arn, "UserName", &user.name));
            defects.sift(&mut page.groups, "GroupDetailList", |group| lacks(&group.arn, "GroupName", &group.name));
            defects.sift(&mut page.roles, "RoleDetailList", |role| lacks(&role.arn, "RoleName", &role.name));
            defects.sift(&mut page.policies, "Policies", |policy| lacks(&policy.arn, "Arn", &policy.arn));
        }
        Part::AccessKeys(keys) => defects.sift(&mut keys.keys, "AccessKeyMetadata", |key| {
            let fields = [("AccessKeyId", &key.id), ("UserName", &key.user)];
            fields.into_iter().find(|(_, text)| text.is_empty()).map(|(field, _)| field)
        }),
        Part::OidcProviders(list) => {
            let what = "OpenIDConnectProviderList";
            defects.sift(&mut list.providers, what, |one| lacks(&one.arn, "Arn", &one.arn));
        }
        Part::SamlProviders(list) => {
            defects.sift(&mut list.providers, "SAMLProviderList", |one| lacks(&one.arn, "Arn", &one.arn));
        }
        Part::Service(_)
        | Part::Report(..)
        | Part::KeyLastUsed(_)
        | Part::OidcProvider(_)
        | Part::Aliases(_)
        | Part::Caller(_) => {}
    }
    let described = defects.texts.join("; ");
    match defects.count.saturating_sub(defects.texts.len()) {
        _ if defects.count == 0 => None,
        0 => Some(described),
        more => Some(format!("{described} and {more} more")),
    }
}

/// What of an ARN and a name is missing.
fn lacks(arn: &str, field: &'static str, name: &str) -> Option<&'static str> {
    if !arn.starts_with("arn:") {
        return Some("Arn to be an ARN");
    }
    name.is_empty().then_some(field)
}
