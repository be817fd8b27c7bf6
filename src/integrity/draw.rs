//! An outline as a drawing, in the languages of Mermaid and Graphviz. Of many rows that one row reaches by one foreign
//! key, a few are drawn and the others counted, as in the printed tree.

use std::fmt::Write;

use super::explain::{Shown, shown};
use super::outline::Outline;

/// One arrow or box of a drawing.
struct Drawing {
    boxes: Vec<Box>,
    arrows: Vec<Arrow>,
}

struct Box {
    id: String,
    lines: Vec<String>,
    look: Look,
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Goes,
    Changes,
    Blocks,
    Counted,
}

struct Arrow {
    from: String,
    to: String,
    label: String,
}

impl Outline {
    /// The outline as a flowchart of [Mermaid](https://mermaid.js.org).
    pub fn to_mermaid(&self) -> String {
        let drawing = self.drawing();
        let escaped = |it: &str| it.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let mut text = String::from("flowchart TD\n");
        for it in &drawing.boxes {
            let lines: Vec<String> = it.lines.iter().map(|it| escaped(it)).collect();
            let _ = writeln!(text, "    {}[\"{}\"]:::{}", it.id, lines.join("<br/>"), it.look.name());
        }
        for it in &drawing.arrows {
            let _ = writeln!(text, "    {} -->|\"{}\"| {}", it.from, escaped(&it.label), it.to);
        }
        for (look, style) in
            [(Look::Goes, "#fdd"), (Look::Changes, "#ffd"), (Look::Blocks, "#f66"), (Look::Counted, "#eee")]
        {
            let _ = writeln!(text, "    classDef {} fill:{style}", look.name());
        }
        text
    }

    /// The outline as a graph of [Graphviz](https://graphviz.org).
    pub fn to_dot(&self) -> String {
        let drawing = self.drawing();
        let escaped = |it: &str| it.replace('\\', "\\\\").replace('"', "\\\"");
        let mut text = String::from("digraph plan {\n    node [shape=box, style=filled];\n");
        for it in &drawing.boxes {
            let lines: Vec<String> = it.lines.iter().map(|it| escaped(it)).collect();
            let label = lines.join("\\n");
            let _ = writeln!(text, "    {} [label=\"{label}\", fillcolor=\"{}\"];", it.id, it.look.color());
        }
        for it in &drawing.arrows {
            let _ = writeln!(text, "    {} -> {} [label=\"{}\"];", it.from, it.to, escaped(&it.label));
        }
        text + "}\n"
    }

    fn drawing(&self) -> Drawing {
        let mut drawing = Drawing { boxes: Vec::new(), arrows: Vec::new() };
        let mut counted = 0;
        shown(self, |it, _| match it {
            Shown::Step(at) => {
                let step = &self.steps[at];
                let look = if step.set.is_none() { Look::Goes } else { Look::Changes };
                drawing.boxes.push(Box {
                    id: format!("s{at}"),
                    lines: vec![step.row.to_string(), step.effect()],
                    look,
                });
                if let Some(cause) = &step.cause {
                    let label = format!("{}: {}", cause.by, cause.action);
                    drawing.arrows.push(Arrow { from: format!("s{}", cause.step), to: format!("s{at}"), label });
                }
            }
            Shown::More { count, of } => {
                counted += 1;
                let id = format!("m{counted}");
                let lines = vec![format!("… and {count} more")];
                drawing.boxes.push(Box { id: id.clone(), lines, look: Look::Counted });
                if let Some(of) = of {
                    drawing.arrows.push(Arrow { from: format!("s{of}"), to: id, label: String::new() });
                }
            }
            Shown::Refusal(at) => {
                let refusal = &self.refusals[at];
                let violation = &refusal.violation;
                let id = format!("r{at}");
                let mut lines = vec![format!("{} ({})", violation.constraint, violation.rule.name())];
                lines.extend(violation.blocking.iter().map(ToString::to_string));
                if violation.blocking_count > violation.blocking.len() {
                    lines.push(format!("and {} more", violation.blocking_count - violation.blocking.len()));
                }
                drawing.boxes.push(Box { id: id.clone(), lines, look: Look::Blocks });
                if let Some(step) = refusal.step {
                    let label = "refused".to_owned();
                    drawing.arrows.push(Arrow { from: format!("s{step}"), to: id, label });
                }
            }
        });
        // What stands in a part that is only counted has no box to start from.
        let known: std::collections::HashSet<String> = drawing.boxes.iter().map(|it| it.id.clone()).collect();
        drawing.arrows.retain(|it| known.contains(&it.from) && known.contains(&it.to));
        drawing
    }
}

impl Look {
    fn name(self) -> &'static str {
        match self {
            Look::Goes => "goes",
            Look::Changes => "changes",
            Look::Blocks => "blocks",
            Look::Counted => "counted",
        }
    }

    fn color(self) -> &'static str {
        match self {
            Look::Goes => "#ffdddd",
            Look::Changes => "#ffffdd",
            Look::Blocks => "#ff6666",
            Look::Counted => "#eeeeee",
        }
    }
}
