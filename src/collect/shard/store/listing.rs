//! Reads the XML lists of S3 and Azure: the names of the objects, and the marker of the next page. It must not follow
//! anything that they name.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::bucket::Page;

/// How deep elements may lie in each other.
const DEEPEST: usize = 16;

/// The names of the `item`s, each in its element `name`, and the text of `marker` below the root.
///
/// # Errors
/// Says that it is no XML or lies too deep.
pub(super) fn read(xml: &[u8], item: &str, name: &str, marker: &str) -> Result<Page, String> {
    let wrong = || "its list is no XML as expected".to_owned();
    let text = std::str::from_utf8(xml).map_err(|_| wrong())?;
    let mut reader = Reader::from_str(text);
    let (mut open, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    let (mut names, mut next, mut is_whole) = (Vec::new(), None, false);
    loop {
        match reader.read_event().map_err(|_| wrong())? {
            Event::Start(start) => {
                open.push(start.local_name().as_ref().to_owned());
                text.clear();
                if open.len() > DEEPEST {
                    return Err(wrong());
                }
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::CData(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().ok().flatten().map(String::from);
                let known = || quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned);
                text.push_str(&letter.or_else(known).unwrap_or_default());
            }
            Event::End(_) => {
                let ended = open.pop().ok_or_else(wrong)?;
                is_whole |= open.is_empty();
                if ended == name && open.last().is_some_and(|parent| parent == item) {
                    names.push(std::mem::take(&mut text));
                } else if ended == marker && open.len() == 1 && !text.trim().is_empty() {
                    next = Some(text.trim().to_owned());
                }
                text.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if is_whole { Ok((names, next)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use proptest::prelude::*;

    use super::read;

    /// After the examples of "ListObjectsV2" and "List Blobs".
    #[test]
    fn both_forms_are_read() {
        let s3 = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
            <Prefix>p/</Prefix><Contents><Key>p/a&amp;b</Key><Owner><ID>x</ID></Owner></Contents><Contents><Key>p/c</Key></Contents>\
            <IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcx==</NextContinuationToken></ListBucketResult>";
        let page = read(s3.as_bytes(), "Contents", "Key", "NextContinuationToken").unwrap();
        assert_eq!(page, (vec!["p/a&b".to_owned(), "p/c".to_owned()], Some("1ueGcx==".to_owned())));
        let azure = "<EnumerationResults><Prefix>p/</Prefix><Blobs><Blob><Name>p/a</Name><Properties><Etag>1</Etag></Properties>\
            </Blob></Blobs><NextMarker /></EnumerationResults>";
        assert_eq!(read(azure.as_bytes(), "Blob", "Name", "NextMarker").unwrap(), (vec!["p/a".to_owned()], None));
    }

    #[test]
    fn what_is_cut_or_too_deep_is_an_error() {
        for wrong in ["", "<a><b>x", "no list", &"<a>".repeat(10_000)] {
            assert!(read(wrong.as_bytes(), "Contents", "Key", "m").is_err());
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "[<>/a-c&;\" ]{0,200}") {
            let _ = read(text.as_bytes(), "a", "b", "c");
        }
    }
}
