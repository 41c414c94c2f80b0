//! One page of an API server's list, object by object. It asks nothing.

use serde::de::{MapAccess, SeqAccess};

use super::object::Object;
use super::shape::{Form, Shape, Take, Wrong, next_key, pass, value};

/// One page of a list.
#[derive(Default)]
pub(super) struct Page {
    /// `PodList`; anything else is no page, whoever answered.
    pub(super) kind: String,
    pub(super) items: Items,
    /// The token for the next page; empty on the last.
    pub(super) next: String,
    /// What of the answer itself is no list; the items keep their own.
    pub(super) wrong: Wrong,
}

impl Shape for Page {
    const FORM: Form = Form::Mapping;

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut page = Self::default();
        while let Some(key) = next_key(&mut map)? {
            match key.as_str() {
                "kind" => page.kind = value(&mut map, &key, &mut page.wrong)?,
                "items" => page.items = value(&mut map, &key, &mut page.wrong)?,
                "metadata" => page.next = value::<_, ListMetadata>(&mut map, &key, &mut page.wrong)?.next,
                _ => pass(&mut map)?,
            }
        }
        Ok(page)
    }
}

/// The items of a page. One that is no mapping has no name either, so it is a malformed object.
#[derive(Default)]
pub(super) struct Items(pub(super) Vec<Object>);

impl Shape for Items {
    const FORM: Form = Form::List;

    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(Take(mut object, fits)) = sequence.next_element::<Take<Object>>()? {
            if !fits {
                object.wrong.add("", "a mapping");
            }
            items.push(object);
        }
        Ok(Self(items))
    }
}

#[derive(Default)]
struct ListMetadata {
    next: String,
    wrong: Wrong,
}

impl Shape for ListMetadata {
    const FORM: Form = Form::Mapping;

    fn wrong(&mut self) -> Wrong {
        std::mem::take(&mut self.wrong)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut metadata = Self::default();
        while let Some(key) = next_key(&mut map)? {
            match key.as_str() {
                "continue" => metadata.next = value(&mut map, &key, &mut metadata.wrong)?,
                _ => pass(&mut map)?,
            }
        }
        Ok(metadata)
    }
}
