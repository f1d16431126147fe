//! A bar chart as SVG.

use std::fmt::Write;

/// One bar. Bars of one group share a scale.
pub struct Bar {
    pub group: String,
    pub label: &'static str,
    pub value: f64,
    pub text: String,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 90.0;
const BAR: f64 = 18.0;
const GAP: f64 = 6.0;

/// Draws the bars to `docs/performance.svg`.
pub fn write(bars: &[Bar]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.svg");
    std::fs::write(path, draw(bars)).unwrap();
    println!("wrote {path}");
}

fn draw(bars: &[Bar]) -> String {
    let mut body = String::new();
    let mut y = 10.0;
    let mut group = "";
    for bar in bars {
        if bar.group != group {
            group = &bar.group;
            y += 22.0;
            let _ = writeln!(body, "<text x=\"10\" y=\"{y:.0}\" class=\"group\">{group}</text>");
            y += 10.0;
        }
        let largest = bars.iter().filter(|other| other.group == group).map(|other| other.value);
        let largest = largest.fold(f64::MIN_POSITIVE, f64::max);
        let width = bar.value / largest * (WIDTH - LEFT - RIGHT);
        let class = if bar.label == "dockpass" || bar.label == "large" { "ours" } else { "other" };
        let (middle, end) = (y + BAR * 0.72, LEFT + width + 8.0);
        let label = bar.label;
        let _ = writeln!(
            body,
            "<text x=\"{:.0}\" y=\"{middle:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 10.0
        );
        let _ = writeln!(
            body,
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" class=\"{class}\"/>"
        );
        let _ = writeln!(body, "<text x=\"{end:.1}\" y=\"{middle:.1}\">{}</text>", bar.text);
        y += BAR + GAP;
    }
    let height = y + 10.0;
    // A background of its own, so that it can be read on dark pages too.
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         role=\"img\" aria-label=\"dockpass beside the limit of the machine\">\n\
         <style>text{{font:13px sans-serif;fill:#222}}.group{{font-weight:bold}}.ours{{fill:#1a6fb4}}.other{{fill:#9aa5b1}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}
