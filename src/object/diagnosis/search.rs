//! From the ledger to findings.

use rustc_hash::FxHashMap;

use super::finding::{Diagnosis, Finding, OneByOne, ReadAgain, Unused};
use super::ledger::{Entry, Ledger, LoadCause, OriginId};
use super::prove::Change;
use crate::error::Result;
use crate::object::class::Lazy;
use crate::object::graph::Graph;
use crate::object::parents::Declared;
use crate::object::session::Core;

/// A finding, and what would mend it.
pub(super) type Proposed = (Finding, Option<(OriginId, Change)>);

impl Core {
    /// What the ledger shows since a position in it.
    pub(in crate::object) fn diagnose(&mut self, from: usize) -> Result<Diagnosis> {
        let Some(mut ledger) = self.ledger.take() else { return Ok(Diagnosis::default()) };
        let proposed = ledger.search(&self.graph, from);
        let mut findings = Vec::with_capacity(proposed.len());
        for (mut finding, change) in proposed {
            if let Some((origin, change)) = change {
                let (option, proof) = self.try_out(&mut ledger, origin, change);
                let (to_say, to_prove) = match &mut finding {
                    Finding::OneByOne(it) => (&mut it.option, &mut it.proof),
                    Finding::Unused(it) => (&mut it.option, &mut it.proof),
                    Finding::Product(it) => (&mut it.option, &mut it.proof),
                    Finding::ReadAgain(_) | Finding::OverBudget(_) => continue,
                };
                (*to_say, *to_prove) = (option, proof);
            }
            findings.push(finding);
        }
        let loads = ledger.loads().skip(from).cloned().collect();
        self.ledger = Some(ledger);
        Ok(Diagnosis { findings, loads })
    }
}

impl Ledger {
    fn search(&self, graph: &Graph, from: usize) -> Vec<Proposed> {
        let entries = &self.entries[from.min(self.entries.len())..];
        let mut found = self.one_by_one(graph, entries);
        found.extend(self.read_again(entries));
        found.extend(self.unused(entries));
        for entry in entries {
            if let Some(product) = &entry.product {
                let change = product.origin.map(|it| (it, Change::Apart));
                found.push((Finding::Product(product.clone()), change));
            }
        }
        let over = self.over.iter().filter(|it| it.0 > from);
        found.extend(over.map(|it| (Finding::OverBudget(it.1.clone()), None)));
        found
    }

    /// Relations that were read by themselves for several objects of one result, by relation and line.
    fn one_by_one(&self, graph: &Graph, entries: &[Entry]) -> Vec<Proposed> {
        type Group<'e> = (OriginId, Declared, Vec<&'e Entry>);
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut places = FxHashMap::default();
        for entry in entries {
            let (Some(origin), Some(relation)) = (entry.from, entry.relation) else { continue };
            let cause = entry.load.cause;
            let is_queried = graph.model.relation(relation.0, relation.1).lazy.is_never_loaded();
            if !matches!(cause, LoadCause::Touch | LoadCause::Unit) || entry.load.statements == 0 || is_queried {
                continue;
            }
            let line = entry.load.caller.map(|it| (it.file(), it.line(), it.column()));
            let at = *places.entry((origin, relation, cause, line)).or_insert_with(|| {
                groups.push((origin, relation, Vec::new()));
                groups.len() - 1
            });
            groups[at].2.push(entry);
        }
        groups.retain(|it| it.2.len() > 1);
        let say = |(origin, relation, entries): Group<'_>| {
            let first = &entries[0].load;
            let found = OneByOne {
                path: self.path(graph, origin, Some(relation)),
                cause: first.cause,
                line: first.caller,
                query: self.roots[self.origin(origin).root].caller,
                loads: entries.len(),
                owners: self.origin(origin).objects.max(entries.len()),
                statements: entries.iter().map(|it| it.load.statements).sum(),
                option: String::new(),
                proof: None,
                origin: Some(origin),
            };
            (Finding::OneByOne(found), entries[0].brings.map(|it| (it, Change::Along)))
        };
        groups.into_iter().map(say).collect()
    }

    /// Rows of one result that were read again by themselves.
    fn read_again(&self, entries: &[Entry]) -> Vec<Proposed> {
        let mut groups: Vec<(OriginId, ReadAgain)> = Vec::new();
        for entry in entries.iter().filter(|it| it.load.cause == LoadCause::Again) {
            let (Some(origin), load) = (entry.from, &entry.load) else { continue };
            match groups.iter_mut().find(|it| it.0 == origin && it.1.line == load.caller) {
                Some((_, group)) => {
                    group.loads += 1;
                    group.statements += load.statements;
                }
                None => {
                    let (path, statements) = (load.path.clone(), load.statements);
                    groups.push((origin, ReadAgain { path, line: load.caller, loads: 1, statements }));
                }
            }
        }
        groups.retain(|it| it.1.loads > 1);
        groups.into_iter().map(|it| (Finding::ReadAgain(it.1), None)).collect()
    }

    /// Relations that were loaded along and not looked at. What is behind one of them is not told again.
    fn unused(&self, entries: &[Entry]) -> Vec<Proposed> {
        let mut groups: Vec<(OriginId, Unused, usize)> = Vec::new();
        for entry in entries {
            let (Some(origin), LoadCause::Along(lazy), load) = (entry.brings, entry.load.cause, &entry.load) else {
                continue;
            };
            if load.statements == 0 && lazy != Lazy::Joined || load.owners == 0 {
                continue;
            }
            match groups.iter_mut().find(|it| it.0 == origin) {
                Some((_, group, looked_at)) => {
                    group.owners += load.owners;
                    group.statements += load.statements;
                    group.rows += load.rows;
                    *looked_at += load.looked_at;
                }
                None => {
                    let (path, cause, owners, statements) =
                        (load.path.clone(), load.cause, load.owners, load.statements);
                    let (rows, option, proof, query) = (load.rows, String::new(), None, load.caller);
                    let origin_of = Some(origin);
                    let unused =
                        Unused { path, cause, query, owners, statements, rows, option, proof, origin: origin_of };
                    groups.push((origin, unused, load.looked_at));
                }
            }
        }
        let idle: Vec<OriginId> = groups.iter().filter(|it| it.2 == 0).map(|it| it.0).collect();
        let is_behind = |id: OriginId| {
            let mut owners = self.origin(id).behind;
            while let Some((it, _)) = owners {
                if idle.contains(&it) {
                    return true;
                }
                owners = self.origin(it).behind;
            }
            false
        };
        groups.retain(|it| it.2 == 0 && !is_behind(it.0));
        groups.into_iter().map(|(id, it, _)| (Finding::Unused(it), Some((id, Change::Lazily)))).collect()
    }
}
