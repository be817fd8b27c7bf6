//! Scripts of the action matrix as they are read: tables with rows, statements, and what comes of each pair of actions.

use diptych::Action;

/// One script.
pub struct Script {
    pub tables: Vec<Declared>,
    pub cases: Vec<Case>,
}

/// A table: its columns, its keys, what it refers to, and its rows.
#[derive(Default)]
pub struct Declared {
    pub name: String,
    pub columns: Vec<Declaration>,
    pub key: Vec<String>,
    pub unique: Option<Vec<String>>,
    pub refers: Vec<(Vec<String>, String, Vec<String>)>,
    pub rows: Vec<Vec<Option<i64>>>,
}

/// `name?=9`: a column of integers, nullable with `?`, with a default.
pub struct Declaration {
    pub name: String,
    pub nullable: bool,
    pub default: Option<i64>,
}

/// A statement and what comes of it under some pairs of actions.
#[derive(Default)]
pub struct Case {
    /// The first line of the case in its script.
    pub line: usize,
    pub statement: String,
    /// ON DELETE and ON UPDATE.
    pub actions: Vec<(Action, Action)>,
    /// The plan as it prints.
    pub plan: String,
    /// The rows of each table afterwards.
    pub rows: Vec<(String, Vec<Vec<Option<i64>>>)>,
    /// The sort of rule and the constraint that refuses the statement.
    pub refused: Option<(String, String)>,
}

impl Script {
    pub fn read(text: &str) -> Self {
        let (mut tables, mut cases) = (Vec::<Declared>::new(), Vec::<Case>::new());
        let mut statement = String::new();
        for (number, line) in text.lines().enumerate() {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (word, rest) = content.split_once(' ').unwrap_or((content, ""));
            match (line.len() - line.trim_start().len(), word) {
                (0, "table") => tables.push(table(rest)),
                (0, _) => statement = content.to_owned(),
                (2, "on") => {
                    let (line, actions) = (number + 1, actions(content));
                    cases.push(Case { line, statement: statement.clone(), actions, ..Case::default() });
                }
                (2, word) => part(tables.last_mut().expect("a table"), word, rest),
                (4, "|") => {
                    let plan = &mut cases.last_mut().expect("a case").plan;
                    *plan += &line[6..];
                    *plan += "\n";
                }
                _ => outcome(cases.last_mut().expect("a case"), content),
            }
        }
        Script { tables, cases }
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|it| it.trim().to_owned()).collect()
}

fn table(rest: &str) -> Declared {
    let (name, columns) = rest.split_once(':').expect("table name: columns");
    let column = |it: String| {
        let (declared, default) = it.split_once('=').map_or((&*it, None), |(a, b)| (a, b.parse().ok()));
        let name = declared.trim_end_matches('?').to_owned();
        Declaration { nullable: declared.ends_with('?'), name, default }
    };
    Declared { name: name.to_owned(), columns: names(columns).into_iter().map(column).collect(), ..Declared::default() }
}

fn part(table: &mut Declared, word: &str, rest: &str) {
    match word {
        "key" => table.key = names(rest),
        "unique" => table.unique = Some(names(rest)),
        "row" => table.rows.push(cells(rest)),
        _ => {
            let (columns, target) = rest.split_once(" -> ").expect("refer columns -> table: columns");
            let (target, to) = target.split_once(": ").expect("refer columns -> table: columns");
            table.refers.push((names(columns), target.to_owned(), names(to)));
        }
    }
}

fn cells(list: &str) -> Vec<Option<i64>> {
    list.split(", ").map(|it| it.parse().ok()).collect()
}

/// `on delete set null; on update no action, restrict`, in either order.
fn actions(line: &str) -> Vec<(Action, Action)> {
    let mut of_delete = Vec::new();
    let mut of_update = Vec::new();
    for half in line.split("; ") {
        let (list, all) = match half.strip_prefix("on delete ") {
            Some(rest) => (&mut of_delete, rest),
            None => (&mut of_update, half.strip_prefix("on update ").expect("on delete or on update")),
        };
        let found = Action::ALL.into_iter().filter(|it| all == "any action" || names(all).contains(&it.to_string()));
        list.extend(found);
    }
    of_delete.iter().flat_map(|&a| of_update.iter().map(move |&b| (a, b))).collect()
}

fn outcome(case: &mut Case, content: &str) {
    let (name, rest) = content.split_once(": ").expect("table: rows");
    if name == "refused" {
        let (sort, constraint) = rest.rsplit_once(' ').expect("refused: sort constraint");
        case.refused = Some((sort.to_owned(), constraint.to_owned()));
        return;
    }
    let rows = if rest == "nothing" { Vec::new() } else { rest.split("; ").map(cells).collect() };
    case.rows.push((name.to_owned(), rows));
}
