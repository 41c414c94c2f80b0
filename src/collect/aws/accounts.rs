//! Which accounts are read. It must not ask anybody.

/// An account of the organisation, or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Twelve digits.
    pub id: String,
    /// Whether it can be entered.
    pub active: bool,
    /// As the organisation shows it.
    pub state: String,
}

/// The accounts to read, each a target of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Whether the account of the credentials is read, too, where it is not among the others.
    pub home: bool,
    /// The others.
    pub members: Vec<Member>,
}

impl Accounts {
    /// Those of a list, by their ids.
    ///
    /// # Errors
    /// Names what is no id.
    pub fn listed<'a>(ids: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut members: Vec<Member> = Vec::new();
        for id in ids {
            if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("'{id}' is no id of an account (expected twelve digits)"));
            }
            members.push(Member { id: id.to_owned(), active: true, state: "active".to_owned() });
        }
        members.sort_by(|one, other| one.id.cmp(&other.id));
        members.dedup();
        Ok(Self { home: false, members })
    }
}
