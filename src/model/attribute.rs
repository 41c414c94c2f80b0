//! Facts that only one provider has, by a closed set of names, made of the tables of `attributes_of_…`.
//! Holds no fact that has a field of its own on its noun.

use super::SubjectKind;
use super::attributes::AttributeType;
use super::attributes_of_clouds::attributes_of_clouds;
use super::attributes_of_directories::attributes_of_directories;

macro_rules! attributes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal: $ty:ident of [$($noun:ident),+];)+) => {
        super::names! {
            /// The name of an attribute.
            AttributeName { $($(#[doc = $doc])+ $variant = $text),+ }
        }

        impl AttributeName {
            /// What it holds.
            pub const fn ty(self) -> AttributeType {
                match self { $(Self::$variant => AttributeType::$ty),+ }
            }

            /// The nouns that may have it.
            pub const fn nouns(self) -> &'static [SubjectKind] {
                match self { $(Self::$variant => &[$(SubjectKind::$noun),+]),+ }
            }

            /// What it means, in a sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

/// The second table after the first.
macro_rules! then_directories {
    ($($before:tt)*) => {
        attributes_of_directories! { attributes { $($before)* } }
    };
}

attributes_of_clouds! { then_directories {} }
