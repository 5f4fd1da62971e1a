//! Figures of the overview: numbers as people read them, the funnel's ribbons and the lines of the series, as SVG.

use jiff::civil::{Date, Weekday};

use crate::http::console::view::Html;
use crate::http::console::webhook::health::grouped;
use crate::store::counts::Sums;

/// Fewer complete leads say little about a rate.
pub const FEW: i64 = 10;

/// A number with its thousands apart.
pub fn number(number: i64) -> String {
    let text = grouped(number.unsigned_abs());
    if number < 0 { format!("−{text}") } else { text }
}

/// A share in percent with one digit: `43.8 %`; `None` of nothing.
pub fn share(part: i64, whole: i64) -> Option<String> {
    (whole > 0).then(|| {
        let thousandths = (i128::from(part) * 1_000 + i128::from(whole) / 2) / i128::from(whole);
        format!("{}.{} %", thousandths / 10, thousandths % 10)
    })
}

/// How a number changed: `+8.4 %`, and whether that is good; `None` where there was nothing before.
pub fn change(now: i64, before: i64) -> Option<(String, &'static str)> {
    if before <= 0 {
        return None;
    }
    let change = i128::from(now) - i128::from(before);
    let thousandths = (change.abs() * 1_000 + i128::from(before) / 2) / i128::from(before);
    let (sign, tone) = match change {
        0 => ("±", "muted"),
        1.. => ("+", "good"),
        _ => ("−", "bad"),
    };
    Some((format!("{sign}{}.{} %", thousandths / 10, thousandths % 10), tone))
}

/// A duration in its two largest units: `4 h 20 min`.
pub fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// A step of the funnel as it is drawn: a ribbon that narrows to the next step, and a bar for narrow screens.
pub fn ribbon(nth: usize, value: i64, next: Option<i64>, first: i64) -> Html {
    let top = |value: i64| {
        let share = if first > 0 { value.clamp(0, first) as f64 / first as f64 } else { 0.0 };
        100.0 - share * 100.0
    };
    let (own, class) = (top(value), format!("s{}", nth.min(6)));
    let height = 100.0 - own;
    let slope = next.map(|next| {
        let next = top(next);
        format!(r#"<path class="{class} slope" stroke="none" d="M62 {own:.1}C82 {own:.1} 82 {next:.1} 100 {next:.1}V100H62Z"/>"#)
    });
    let width = if slope.is_some() { 62 } else { 100 };
    Html(format!(
        r#"<svg class="ribbon" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><rect class="{class}" stroke="none" x="0" y="{own:.1}" width="{width}" height="{height:.1}"/>{}</svg><svg class="hbar" aria-hidden="true"><rect class="{class}" stroke="none" width="{height:.1}%" height="8" rx="2"/></svg>"#,
        slope.unwrap_or_default()
    ))
}

/// A bar behind a cell of a table, as long as the share of the largest.
pub fn meter(value: i64, largest: i64) -> Html {
    let width = if largest > 0 { value.max(0) as f64 / largest as f64 * 100.0 } else { 0.0 };
    Html(format!(r#"<svg aria-hidden="true"><rect width="{width:.1}%" height="100%" rx="4"/></svg>"#))
}

/// The lines of clicks and conversations, and of the clicks of the compared period.
pub struct Chart {
    /// The largest number of the scale, and its two thirds and one third.
    pub scale: [String; 4],
    /// The drawing.
    pub svg: Html,
    /// Days under it.
    pub days: Vec<String>,
    /// The drawing in a sentence.
    pub sentence: String,
    /// The numbers, as `assets/console/src/chart.ts` reads them: JSON.
    pub data: String,
}

/// Units of the drawing between two days.
const STEP: usize = 10;
/// Days that are written under the drawing.
const LABELS: usize = 5;

impl Chart {
    /// The lines of a series; `None` where there are fewer than two days.
    pub fn new(series: &[(Date, Sums)], compared: &[(Date, Sums)], today: Date, is_daily: bool) -> Option<Self> {
        if series.len() < 2 {
            return None;
        }
        let clicks: Vec<i64> = series.iter().map(|(_, sums)| sums[0]).collect();
        let conversations: Vec<i64> = series.iter().map(|(_, sums)| sums[2]).collect();
        let before: Vec<i64> = compared.iter().take(series.len()).map(|(_, sums)| sums[0]).collect();
        let largest = clicks.iter().chain(&conversations).chain(&before).copied().max().unwrap_or(0);
        let top = scale(largest);
        let width = (series.len() - 1) * STEP;
        let y = |value: i64| 100.0 - value as f64 / top as f64 * 100.0;
        let point = |(nth, value): (usize, &i64)| format!("{} {:.1}", nth * STEP, y(*value));
        let path = |values: &[i64]| format!("M{}", values.iter().enumerate().map(point).collect::<Vec<_>>().join(" "));
        // The unfinished day, or month, is dotted.
        let is_open = series.last().is_some_and(|(last, _)| match is_daily {
            true => *last >= today,
            false => (last.year(), last.month()) == (today.year(), today.month()),
        });
        let mut svg = format!(r#"<svg viewBox="0 0 {width} 100" preserveAspectRatio="none" aria-hidden="true">"#);
        if is_daily {
            svg.push_str(&weekends(series, width));
        }
        for third in 0..4 {
            svg.push_str(&format!(r#"<path class="g" d="M0 {:.1}H{width}"/>"#, 100.0 - f64::from(third) * 100.0 / 3.0));
        }
        if before.len() > 1 {
            svg.push_str(&format!(r#"<path class="was" d="{}"/>"#, path(&before)));
        }
        for (class, values) in [("s1", &clicks), ("s2", &conversations)] {
            let closed = if is_open { &values[..values.len() - 1] } else { &values[..] };
            if closed.len() > 1 {
                svg.push_str(&format!(r#"<path class="{class} line" d="{}"/>"#, path(closed)));
            }
            if is_open {
                let last = values.len() - 2;
                let (from, to) = ((last, &values[last]), (last + 1, &values[last + 1]));
                svg.push_str(&format!(r#"<path class="{class} line now" d="M{} {}"/>"#, point(from), point(to)));
            }
        }
        svg.push_str("</svg>");
        Some(Self {
            scale: [top, top / 3 * 2, top / 3, 0].map(number),
            svg: Html(svg),
            days: labels(series, today, is_daily),
            sentence: sentence(series, is_daily),
            data: data(series, [&clicks, &conversations, &before], is_daily),
        })
    }
}

fn data(series: &[(Date, Sums)], [clicks, conversations, before]: [&Vec<i64>; 3], is_daily: bool) -> String {
    let labels = series.iter().map(|(date, _)| match is_daily {
        true => date.strftime("%a %-d %b").to_string(),
        false => day(*date, false),
    });
    let (days, labels): (Vec<String>, Vec<String>) =
        series.iter().map(|(date, _)| date.to_string()).zip(labels).unzip();
    serde_json::json!({
        "days": days, "labels": labels, "clicks": clicks, "conversations": conversations, "before": before, "daily": is_daily,
    })
    .to_string()
}

/// The least number above the largest that three parts divide evenly: 240 for 201.
fn scale(largest: i64) -> i64 {
    let mut unit = 1_i64;
    loop {
        for factor in [3, 6, 12, 15, 24] {
            if factor * unit >= largest.max(3) {
                return factor * unit;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn weekends(series: &[(Date, Sums)], width: usize) -> String {
    let half = STEP / 2;
    let shade = |(nth, (date, _)): (usize, &(Date, Sums))| {
        let is_weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let (from, to) = ((nth * STEP).saturating_sub(half), (nth * STEP + half).min(width));
        is_weekend.then(|| format!(r#"<rect class="we" x="{from}" width="{}" height="100"/>"#, to - from))
    };
    series.iter().enumerate().filter_map(shade).collect()
}

/// A day, or a month, as it is written.
pub fn day(date: Date, is_daily: bool) -> String {
    date.strftime(if is_daily { "%-d %b" } else { "%b %Y" }).to_string()
}

fn labels(series: &[(Date, Sums)], today: Date, is_daily: bool) -> Vec<String> {
    let last = series.len() - 1;
    let count = LABELS.min(series.len());
    let at = (0..count).map(|nth| nth * last / (count - 1));
    let text = |at: usize| {
        let date = series[at].0;
        if is_daily && date == today { "today".to_owned() } else { day(date, is_daily) }
    };
    at.map(text).collect()
}

fn sentence(series: &[(Date, Sums)], is_daily: bool) -> String {
    let sum = |nth: usize| number(series.iter().map(|(_, sums)| sums[nth]).sum());
    let (first, last) = (day(series[0].0, is_daily), day(series[series.len() - 1].0, is_daily));
    let most = series.iter().max_by_key(|(date, sums)| (sums[0], std::cmp::Reverse(*date)));
    let most = most.filter(|(_, sums)| sums[0] > 0).map(|(date, sums)| {
        format!(", most on {} with {}", date.strftime(if is_daily { "%a %-d %b" } else { "%b %Y" }), number(sums[0]))
    });
    format!("Clicks, {first} to {last}: {}{}. Conversations: {}.", sum(0), most.unwrap_or_default(), sum(2))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([number(0), number(4_812), number(-1_000)], ["0", "4,812", "−1,000"]);
        assert_eq!(share(268, 612), Some("43.8 %".to_owned()));
        assert_eq!([share(1, 0), share(0, 5)], [None, Some("0.0 %".to_owned())]);
        assert_eq!(change(1_084, 1_000), Some(("+8.4 %".to_owned(), "good")));
        assert_eq!(change(968, 1_000), Some(("−3.2 %".to_owned(), "bad")));
        assert_eq!([change(5, 0), change(7, 7)], [None, Some(("±0.0 %".to_owned(), "muted"))]);
        assert_eq!([45, 660, 15_600, 90_000].map(duration), ["45 s", "11 min", "4 h 20 min", "1 d 1 h"]);
    }

    #[test]
    fn a_scale_has_room_and_three_even_parts() {
        for (largest, top) in [(0, 3), (3, 3), (4, 6), (201, 240), (241, 300), (12_345, 15_000)] {
            assert_eq!(scale(largest), top, "{largest}");
            assert_eq!(scale(largest) % 3, 0);
        }
    }

    #[test]
    fn a_line_begins_at_the_left_and_its_last_day_is_dotted() {
        let day_of = |day, clicks| (date(2026, 11, day), [clicks, 0, clicks / 2, 0, 0, 0, 0, 0]);
        let series = [day_of(27, 30), day_of(28, 60), day_of(29, 15)];
        let chart = Chart::new(&series, &[], date(2026, 11, 29), true).expect("three days");
        let Html(svg) = &chart.svg;
        assert!(svg.contains(r#"<path class="s1 line" d="M0 50.0 10 0.0"/>"#), "{svg}");
        assert!(svg.contains(r#"<path class="s1 line now" d="M10 0.0 20 75.0"/>"#), "{svg}");
        assert!(svg.contains(r#"<rect class="we" x="5" width="10" height="100"/>"#), "Saturday: {svg}");
        assert_eq!(chart.days, ["27 Nov", "28 Nov", "today"]);
        assert_eq!(chart.sentence, "Clicks, 27 Nov to 29 Nov: 105, most on Sat 28 Nov with 60. Conversations: 52.");
        assert!(Chart::new(&series[..1], &[], date(2026, 11, 29), true).is_none());
    }

    #[test]
    fn a_ribbon_narrows_to_the_next_step() {
        let Html(svg) = ribbon(1, 100, Some(25), 100);
        assert!(svg.contains("C82 0.0 82 75.0 100 75.0"), "{svg}");
        assert!(ribbon(4, 5, None, 0).0.contains(r#"height="0.0""#), "of nothing");
    }
}
