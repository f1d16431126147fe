//! A flame graph as SVG: each function as wide as the time it was on the stack, on top of its caller.

use crate::profile::Stacks;
use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: f64 = 1400.0;
const LINE: f64 = 16.0;
/// Narrower ones cannot be read anyway.
const NARROWEST: f64 = 1.0;

#[derive(Default)]
struct Node {
    count: u64,
    callees: BTreeMap<String, Node>,
}

/// Draws all stacks.
pub fn draw(stacks: &Stacks) -> String {
    let mut root = Node::default();
    for (stack, count) in stacks {
        let mut node = &mut root;
        node.count += count;
        for frame in stack {
            node = node.callees.entry(frame.clone()).or_default();
            node.count += count;
        }
    }
    let mut body = String::new();
    let scale = WIDTH / root.count.max(1) as f64;
    let depth = place(&root, 0.0, 0, scale, &mut body);
    let height = (depth + 1) as f64 * LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
         <style>text{{font:11px monospace}}rect{{stroke:#fff;stroke-width:.5}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// Draws what a node calls, callers above callees, and tells the greatest depth.
fn place(node: &Node, left: f64, depth: usize, scale: f64, body: &mut String) -> usize {
    let (mut x, mut deepest) = (left, depth);
    for (name, callee) in &node.callees {
        let width = callee.count as f64 * scale;
        if width >= NARROWEST {
            rectangle(name, callee.count, (x, depth as f64 * LINE, width), scale, body);
            deepest = deepest.max(place(callee, x, depth + 1, scale, body));
        }
        x += width;
    }
    deepest
}

fn rectangle(name: &str, count: u64, (x, y, width): (f64, f64, f64), scale: f64, body: &mut String) {
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let share = count as f64 * scale / WIDTH * 100.0;
    // The colour follows from the name: the same function looks the same everywhere.
    let hue = name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 50;
    let _ = write!(
        body,
        "<g><title>{name} {share:.1} %</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{LINE}\" \
         fill=\"hsl({hue} 85% 65%)\"/>"
    );
    let fitting = (width / 6.7) as usize;
    if fitting >= 4 {
        let shown: String = name.chars().take(fitting).collect();
        let _ = write!(body, "<text x=\"{:.1}\" y=\"{:.1}\">{shown}</text>", x + 2.0, y + 12.0);
    }
    body.push_str("</g>\n");
}
