//! How findings came and went over the scans of a history, as a small chart on the first view. It must not appear where
//! nothing is remembered.

use super::markup::Markup;
use crate::history::Point;
use crate::model::{Severity, short_date};
use crate::report::words::plural_of;

/// How many scans are drawn, the newest.
const SHOWN: usize = 90;

/// The height of the chart, in its own units.
const HEIGHT: i64 = 60;

/// Writes the section, for two scans or more.
pub(super) fn write(page: &mut Markup, points: &[Point]) {
    let points = &points[points.len().saturating_sub(SHOWN)..];
    let (Some(first), Some(last), true) = (points.first(), points.last(), points.len() > 1) else { return };
    page.element("h2", &[], "Over time");
    let (raised, resolved): (i64, i64) =
        points.iter().skip(1).fold((0, 0), |sum, point| (sum.0 + point.raised, sum.1 + point.resolved));
    let told = format!(
        "{} open now, {} on {}. Since then {raised} new or back, {resolved} resolved.",
        plural_of(count(open(last)), "finding"),
        open(first),
        short_date(first.at),
    );
    page.element("p", &[], &told);
    chart(page, points);
    page.open("details", &[]).element("summary", &[], "The scans in numbers");
    page.open("table", &[("class", "scans")]).open("tr", &[]);
    for name in ["Scan", "Critical", "High", "Medium", "Low", "Info", "New or back", "Resolved", "Read whole"] {
        page.element("th", &[("scope", "col")], name);
    }
    page.close("tr");
    for point in points.iter().rev() {
        page.open("tr", &[]).element("th", &[("scope", "row")], &point.at.strftime("%Y-%m-%d %H:%M").to_string());
        for number in point.open.into_iter().chain([point.raised, point.resolved]) {
            page.element("td", &[("class", "number")], &number.to_string());
        }
        page.element("td", &[], if point.complete { "yes" } else { "no" }).close("tr");
    }
    page.close("table").close("details");
}

/// A bar a scan, the gravest at its foot.
fn chart(page: &mut Markup, points: &[Point]) {
    let most = points.iter().map(open).max().unwrap_or_default().max(1);
    let size = format!("0 0 {} {HEIGHT}", points.len() * 10);
    let label = "Open findings by scan; the numbers stand below";
    page.open(
        "svg",
        &[
            ("class", "trend"),
            ("viewBox", &size),
            ("preserveAspectRatio", "none"),
            ("role", "img"),
            ("aria-label", label),
        ],
    );
    let names = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    for (place, point) in points.iter().enumerate() {
        page.open("g", &[]);
        let whole = if point.complete { "" } else { ", not all was read" };
        page.element("title", &[], &format!("{}: {} open{whole}", short_date(point.at), open(point)));
        let (x, mut below) = ((place * 10 + 1).to_string(), 0);
        for (severity, number) in names.iter().zip(point.open) {
            // Of rounded sums, so that the heights add up.
            let (from, to) = (below * HEIGHT / most, (below + number) * HEIGHT / most);
            below += number;
            if to > from {
                let (y, height) = ((HEIGHT - to).to_string(), (to - from).to_string());
                let name = severity.as_str();
                page.open(
                    "rect",
                    &[("x", &x), ("y", &y), ("width", "8"), ("height", &height), ("data-severity", name)],
                );
                page.close("rect");
            }
        }
        page.close("g");
    }
    page.close("svg");
}

fn open(point: &Point) -> i64 {
    point.open.iter().sum()
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
