//! The ledger: what was read, for whom, and with which result each object has come.

use std::fmt;
use std::panic::Location;

use rustc_hash::FxHashMap;
use slotmap::SecondaryMap;

use super::finding::{OverBudget, Product};
use super::noted::Noted;
use crate::id::{ClassId, RelationId};
use crate::object::class::Lazy;
use crate::object::graph::Graph;
use crate::object::parents::Declared;
use crate::object::reference::ObjectKey;
use crate::object::select::Selection;
use crate::query::Connection;
use crate::value::Value;

/// Why something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadCause {
    /// A query of the program.
    Query,
    /// An object was asked for by its key.
    Key,
    /// A relation was loaded along with its owners, by this strategy.
    Along(Lazy),
    /// A relation was touched that was not loaded.
    Touch,
    /// A row was looked at that had been expired, or was refreshed.
    Again,
    /// A flush, a cascade or a merge had to know what a relation leads to.
    Unit,
    /// What was pending was written before something was read.
    Autoflush,
}

/// One read that a session has made.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Why.
    pub cause: LoadCause,
    /// What was read: the class of a query, and the relations that lead from there to what was read, as
    /// `User.posts.author`.
    pub path: String,
    /// Of how many objects the relation was read; for how many objects the row.
    pub owners: usize,
    /// How many rows its statements have brought, or written; for a joined relation, how many rows had a member in them.
    pub rows: u64,
    /// How many objects have come that the session did not hold.
    pub objects: usize,
    /// How many statements it took, without those of the reads inside it; none for a joined relation.
    pub statements: u64,
    /// For how many of the owners somebody has looked at what was loaded along.
    pub looked_at: usize,
    /// The line of the program.
    pub caller: Option<&'static Location<'static>>,
    /// The read that it is part of, by position in the ledger.
    pub within: Option<usize>,
}

/// A result that objects have come with, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::object) struct OriginId(pub(super) u32);

/// A result, or what one led to along a relation.
pub(super) struct Origin {
    /// The query or key that it began with, by position.
    pub(super) root: usize,
    /// The result that has the owners, and the relation.
    pub(super) behind: Option<(OriginId, Declared)>,
    /// Whether it came along with its owners, or was read when they were touched.
    pub(super) along: Option<Lazy>,
    /// How many objects have come with it.
    pub(super) objects: usize,
}

/// What a result began with.
pub(super) struct Root {
    pub(super) class: ClassId,
    pub(super) ask: Ask,
    pub(super) caller: Option<&'static Location<'static>>,
    /// What its statements saw, for trials: what the program does to the tables later must not change what they find.
    pub(super) seen: Option<Fork>,
}

/// A connection to a fork of what a session is connected to.
pub(super) type Fork = Box<dyn Connection + Send>;

/// What was asked for.
pub(super) enum Ask {
    Query(Box<Selection>),
    /// The object of a key: one that was found by it, or was made here and has no other origin.
    Key(Vec<Value>),
}

/// A read, and what only the search for findings wants to know of it.
pub(super) struct Entry {
    pub(super) load: Load,
    /// The result that its owners came with.
    pub(super) from: Option<OriginId>,
    /// The result that it has brought.
    pub(super) brings: Option<OriginId>,
    pub(super) relation: Option<Declared>,
    /// Who was touched, by class and key.
    pub(super) touched: Vec<(ClassId, Vec<Value>)>,
    pub(super) product: Option<Product>,
}

/// A read that is under way.
struct Open {
    load: Option<usize>,
    brings: Option<OriginId>,
    /// Whether objects that were known before now belong to this result: what a query brings is its result.
    claims: bool,
    /// What reads inside it have taken, in statements and rows.
    inside: (u64, u64),
}

/// What a session has read.
#[derive(Default)]
pub(in crate::object) struct Ledger {
    pub(super) entries: Vec<Entry>,
    pub(super) roots: Vec<Root>,
    pub(super) origins: Vec<Origin>,
    /// What was over budget, each with how many reads there had been.
    pub(super) over: Vec<(usize, OverBudget)>,
    steps: FxHashMap<(OriginId, Declared), OriginId>,
    of: SecondaryMap<ObjectKey, OriginId>,
    /// What was loaded along and not looked at yet: which read has loaded it.
    filled: FxHashMap<(ObjectKey, RelationId), usize>,
    open: Vec<Open>,
}

impl Ledger {
    /// The reads, in order.
    pub(super) fn loads(&self) -> impl Iterator<Item = &Load> {
        self.entries.iter().map(|it| &it.load)
    }

    pub(super) fn origin(&self, id: OriginId) -> &Origin {
        &self.origins[id.0 as usize]
    }

    /// The relations that lead from where a result began to it.
    pub(super) fn steps_to(&self, id: OriginId) -> Vec<(OriginId, Declared)> {
        let (mut at, mut steps) = (id, Vec::new());
        while let Some((owner, relation)) = self.origin(at).behind {
            steps.push((at, relation));
            at = owner;
        }
        steps.reverse();
        steps
    }

    /// How messages name a result, and a relation behind it. A relation that only a subclass has is named with it.
    pub(super) fn path(&self, graph: &Graph, id: OriginId, relation: Option<Declared>) -> String {
        let model = &graph.model;
        let mut class = self.roots[self.origin(id).root].class;
        let mut path = vec![model.class(class).name.as_str()];
        for (at, (owner, relation)) in self.steps_to(id).into_iter().map(|it| it.1).chain(relation).enumerate() {
            let declared = model.relation(owner, relation);
            if !model.is_a(class, owner) {
                path.truncate(if at == 0 { 0 } else { path.len() });
                path.push(&model.class(owner).name);
            }
            path.push(&declared.name);
            class = declared.target;
        }
        path.join(".")
    }

    fn add_root(&mut self, class: ClassId, ask: Ask, caller: Option<&'static Location<'static>>) -> OriginId {
        self.roots.push(Root { class, ask, caller, seen: None });
        let root = self.roots.len() - 1;
        self.origins.push(Origin { root, behind: None, along: None, objects: 0 });
        OriginId(self.origins.len() as u32 - 1)
    }

    /// The result that a relation of the objects of another leads to.
    fn behind(&mut self, owners: OriginId, relation: Declared, along: Option<Lazy>) -> OriginId {
        if let Some(known) = self.steps.get(&(owners, relation)) {
            return *known;
        }
        let root = self.origin(owners).root;
        self.origins.push(Origin { root, behind: Some((owners, relation)), along, objects: 0 });
        let id = OriginId(self.origins.len() as u32 - 1);
        self.steps.insert((owners, relation), id);
        id
    }

    /// The result that an object came with. One that was made in the session is a result of its own.
    fn origin_of(&mut self, graph: &Graph, key: ObjectKey) -> Option<OriginId> {
        if let Some(known) = self.of.get(key) {
            return Some(*known);
        }
        let identity = graph.identity(key)?;
        let id = self.add_root(graph.objects[key].class, Ask::Key(identity.to_values()), None);
        self.origins[id.0 as usize].objects = 1;
        self.of.insert(key, id);
        Some(id)
    }

    /// Begins a read.
    pub(super) fn begin(&mut self, graph: &Graph, what: &Noted<'_>, caller: Option<&'static Location<'static>>) {
        let claims = self.open.last().is_none_or(|it| it.claims);
        let mut opening = Opening { cause: what.cause(), owners: 0, from: None, relation: None, brings: None };
        let mut touched = Vec::new();
        let mut claims = claims && !matches!(opening.cause, LoadCause::Unit | LoadCause::Autoflush | LoadCause::Again);
        match what {
            Noted::Query { class, selection } => {
                opening.brings = Some(self.add_root(*class, Ask::Query(Box::new((*selection).clone())), caller));
            }
            Noted::Key { class, key } => {
                opening.brings = Some(self.add_root(*class, Ask::Key(key.to_vec()), caller));
            }
            Noted::Along { class, relation, lazy } => {
                let from = self.open.last().and_then(|it| it.brings);
                let declared = graph.declared(*class, relation.id);
                (opening.from, opening.relation) = (from, Some(declared));
                opening.brings = from.map(|it| self.behind(it, declared, Some(*lazy)));
            }
            Noted::Touch { relation, owners } | Noted::Unit { relation, owners } => {
                claims = false;
                let Some(&first) = owners.first() else { return self.open.push(Open::nothing(claims)) };
                let declared = graph.declared(graph.objects[first].class, relation.id);
                opening.from = self.origin_of(graph, first);
                (opening.relation, opening.owners) = (Some(declared), owners.len());
                opening.brings = opening.from.map(|it| self.behind(it, declared, None));
                let named = |it: &ObjectKey| Some((graph.objects[*it].class, graph.identity(*it)?.to_values()));
                // Who came along as a peer was not touched.
                touched.extend(owners.iter().filter_map(named).take(1));
            }
            Noted::Again { object } => {
                (opening.from, opening.owners) = (self.origin_of(graph, *object), 1);
            }
            Noted::Autoflush => {}
        }
        self.push(graph, opening, touched, caller, claims);
    }

    fn push(
        &mut self,
        graph: &Graph,
        opening: Opening,
        touched: Vec<(ClassId, Vec<Value>)>,
        caller: Option<&'static Location<'static>>,
        claims: bool,
    ) {
        let Opening { cause, owners, from, relation, brings } = opening;
        let path = match (brings.filter(|_| relation.is_none()), from) {
            (Some(root), _) => self.path(graph, root, None),
            (None, Some(from)) => self.path(graph, from, relation),
            (None, None) => String::new(),
        };
        let within = self.open.iter().rev().find_map(|it| it.load);
        let (rows, objects, statements, looked_at) = (0, 0, 0, 0);
        let load = Load { cause, path, owners, rows, objects, statements, looked_at, caller, within };
        self.entries.push(Entry { load, from, brings, relation, touched, product: None });
        let load = Some(self.entries.len() - 1);
        self.open.push(Open { load, brings, claims, inside: (0, 0) });
    }

    /// Ends a read that has taken so many statements and rows, with what was read inside it. A result that begins keeps
    /// what its statements saw.
    pub(super) fn end(&mut self, (statements, rows): (u64, u64), seen: Option<Fork>) {
        let Some(open) = self.open.pop() else { return };
        if let Some(brings) = open.brings
            && seen.is_some()
        {
            let root = self.origin(brings).root;
            self.roots[root].seen = seen;
        }
        if let Some(load) = open.load {
            let load = &mut self.entries[load].load;
            load.statements += statements.saturating_sub(open.inside.0);
            load.rows += rows.saturating_sub(open.inside.1);
        }
        if let Some(outer) = self.open.last_mut() {
            outer.inside.0 += statements;
            outer.inside.1 += rows;
        }
    }

    /// Notes a relation that comes with the rows of the statement that is under way. Returns the result that it brings.
    pub(super) fn note_join(&mut self, graph: &Graph, owners: Option<OriginId>, relation: Declared) -> Option<Joined> {
        let from = owners.or_else(|| self.open.last().and_then(|it| it.brings))?;
        let brings = Some(self.behind(from, relation, Some(Lazy::Joined)));
        let (cause, from, relation) = (LoadCause::Along(Lazy::Joined), Some(from), Some(relation));
        let caller = self.open.iter().rev().find_map(|it| it.load).and_then(|it| self.entries[it].load.caller);
        let claims = self.open.last().is_none_or(|it| it.claims);
        self.push(graph, Opening { cause, owners: 0, from, relation, brings }, Vec::new(), caller, claims);
        let open = self.open.pop()?;
        Some(Joined { load: open.load?, brings: open.brings? })
    }

    /// Begins to look at what a joined relation has brought; [`leave`](Ledger::leave) ends it.
    pub(super) fn enter(&mut self, joined: Joined) {
        let claims = self.open.last().is_none_or(|it| it.claims);
        self.open.push(Open { load: Some(joined.load), brings: Some(joined.brings), claims, inside: (0, 0) });
    }

    pub(super) fn leave(&mut self) {
        let Some(part) = self.open.pop() else { return };
        if let Some(outer) = self.open.last_mut() {
            outer.inside.0 += part.inside.0;
            outer.inside.1 += part.inside.1;
        }
    }

    /// Objects have come with the rows of the read that is under way: those of the rows, and the new ones among them.
    pub(super) fn came(&mut self, rows: &[Option<ObjectKey>], new: &[ObjectKey]) {
        let Some(open) = self.open.last() else { return };
        let (load, brings, claims) = (open.load, open.brings, open.claims);
        if let Some(load) = load {
            self.entries[load].load.objects += new.len();
        }
        let Some(brings) = brings else { return };
        let root = self.origin(brings).root;
        let mut count = 0;
        for &key in new {
            count += usize::from(self.of.insert(key, brings).is_none());
        }
        for &key in rows.iter().flatten().filter(|_| claims) {
            // What one query leads to on several ways came on the first one.
            if self.of.get(key).is_none_or(|it| self.origin(*it).root != root) {
                self.of.insert(key, brings);
                count += 1;
            }
        }
        self.origins[brings.0 as usize].objects += count;
    }

    /// The read that is under way has told what a relation of these objects leads to.
    pub(super) fn fills(&mut self, relation: RelationId, owners: &[ObjectKey]) {
        let Some(load) = self.open.last().and_then(|it| it.load) else { return };
        if matches!(self.entries[load].load.cause, LoadCause::Along(_)) {
            self.entries[load].load.owners += owners.len();
            self.filled.extend(owners.iter().map(|it| ((*it, relation), load)));
        }
    }

    /// Somebody looks at what a relation of an object leads to.
    pub(super) fn looked(&mut self, key: ObjectKey, relation: RelationId) {
        if let Some(load) = self.filled.remove(&(key, relation)) {
            self.entries[load].load.looked_at += 1;
        }
    }

    /// The read that a joined relation stands for.
    pub(super) fn load_mut(&mut self, joined: Joined) -> &mut Load {
        &mut self.entries[joined.load].load
    }

    /// The statement that is under way multiplies the members of sibling collections.
    pub(super) fn note_product(&mut self, product: Product) {
        if let Some(load) = self.open.last().and_then(|it| it.load) {
            self.entries[load].product.get_or_insert(product);
        }
    }

    /// The path of what is under way, and the line that it is done for.
    pub(super) fn line_now(&self) -> Option<&'static Location<'static>> {
        self.open.iter().rev().find_map(|it| it.load).and_then(|it| self.entries[it].load.caller)
    }
}

/// What is known of a read when it begins.
struct Opening {
    cause: LoadCause,
    owners: usize,
    from: Option<OriginId>,
    relation: Option<Declared>,
    brings: Option<OriginId>,
}

/// A relation that comes with the rows of a statement.
#[derive(Clone, Copy)]
pub(in crate::object) struct Joined {
    load: usize,
    pub(super) brings: OriginId,
}

impl Open {
    fn nothing(claims: bool) -> Self {
        Open { load: None, brings: None, claims, inside: (0, 0) }
    }
}

impl LoadCause {
    fn name(self) -> &'static str {
        match self {
            LoadCause::Query => "query",
            LoadCause::Key => "key",
            LoadCause::Along(lazy) => strategy(lazy),
            LoadCause::Touch => "touch",
            LoadCause::Again => "again",
            LoadCause::Unit => "unit",
            LoadCause::Autoflush => "autoflush",
        }
    }
}

/// How an option says a strategy.
pub(super) fn strategy(lazy: Lazy) -> &'static str {
    match lazy {
        Lazy::Select => "lazily",
        Lazy::Selectin => "selectin",
        Lazy::Joined => "joined",
        Lazy::Subquery => "subquery",
        Lazy::Immediate => "immediate",
        Lazy::Raise => "raise",
        Lazy::RaiseOnSql => "raise_on_sql",
        Lazy::Noload => "noload",
        Lazy::Dynamic => "dynamic",
        Lazy::WriteOnly => "write_only",
    }
}

/// How messages name a line of the program.
pub(super) struct At(pub(super) Option<&'static Location<'static>>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, "{}:{}", line.file(), line.line()),
            None => f.write_str("a line that is not known"),
        }
    }
}

impl fmt::Display for LoadCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cause, self.path)?;
        if self.owners > 0 {
            write!(f, "  owners {}", self.owners)?;
        }
        write!(f, "  statements {}  rows {}  objects {}", self.statements, self.rows, self.objects)?;
        if matches!(self.cause, LoadCause::Along(_)) {
            write!(f, "  looked at {}", self.looked_at)?;
        }
        if self.caller.is_some() { write!(f, "  at {}", At(self.caller)) } else { Ok(()) }
    }
}
