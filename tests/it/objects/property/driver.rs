//! Does each step to the session and to the reference, and compares.

use std::collections::BTreeSet;

use diptych::error::Result;
use diptych::{AnyRef, Database, Select, Session, State, Value, record};

use super::Step;
use super::model::{Fault, Life, Node, World};
use super::schema::{AVATAR, BADGE, CLASSES, PAIRS, REFERENCES, ROOM, TAG, USER};

mod check;

/// What went wrong.
type Outcome = std::result::Result<(), String>;

pub(super) struct Driver {
    database: Database,
    session: Session,
    autoflush: bool,
    world: World,
    /// The world when the transaction began, and at each savepoint.
    saves: Vec<World>,
    refs: Vec<Option<AnyRef>>,
    /// Nodes that may have to be read again.
    expired: BTreeSet<usize>,
    /// Partners of one-to-one that were let go without the session having known them as such: until the flush finds
    /// them by a statement, their own side may still say what their row says.
    evicted: BTreeSet<(usize, usize)>,
    story: Vec<String>,
}

impl Driver {
    pub(super) fn new(database: Database, autoflush: bool) -> Self {
        let mut session = database.session();
        session.set_autoflush(autoflush);
        Driver {
            database,
            session,
            autoflush,
            world: World::default(),
            saves: vec![World::default()],
            refs: Vec::new(),
            expired: BTreeSet::new(),
            evicted: BTreeSet::new(),
            story: Vec::new(),
        }
    }

    /// What was done, for the reader of a failure.
    pub(super) fn story(&self) -> String {
        self.story.join("\n")
    }

    pub(super) fn step(&mut self, (kind, a, b, c): Step) -> Outcome {
        let (a, b, c) = (a as usize, b as usize, c as usize);
        let strangers = (0..self.refs.len()).any(|it| self.refs[it].is_none() && self.world.nodes[it].lives());
        if matches!(kind % 64, 30..=39 | 44..=46 | 60..) || strangers {
            self.flush_if_reading()?;
        }
        match kind % 64 {
            0..=15 => self.add(a, b, c)?,
            16..=29 => self.link(a, b, c)?,
            30..=34 => self.replace(a, b, c)?,
            35..=39 => self.pair(a, b, c)?,
            40..=43 => self.edit(a, b)?,
            44..=46 => self.delete(a, b)?,
            47..=50 => self.flush().map(drop)?,
            51 => self.savepoint()?,
            52 => self.release()?,
            53 => self.rollback_to()?,
            54 | 55 => {
                self.commit()?;
                if a % 2 == 0 {
                    self.keep_some(b)?;
                }
            }
            56 => self.rollback()?,
            57 => self.expire(a, b)?,
            58 => self.new_session()?,
            59 => self.save_again(a, b)?,
            _ => self.read(a, b)?,
        }
        self.check_links()
    }

    pub(super) fn finish(&mut self) -> Outcome {
        self.commit()?;
        self.check_everything_read()
    }

    fn say(&mut self, what: impl Into<String>) {
        self.story.push(what.into());
    }

    /// The reference of a node, found by its key if this session has not met it.
    fn get(&mut self, node: usize) -> std::result::Result<AnyRef, String> {
        if let Some(known) = self.refs[node] {
            return Ok(known);
        }
        let class = CLASSES[self.world.nodes[node].class].name;
        let key = self.world.key(node);
        match self.session.untyped().find(class, &key) {
            Ok(Some(found)) => {
                self.refs[node] = Some(found);
                Ok(found)
            }
            other => Err(format!("{class} {key:?} of node {node} is not found: {other:?}")),
        }
    }

    /// With autoflush, what reads would flush first: do it in the open, so that its outcome is checked.
    fn flush_if_reading(&mut self) -> Outcome {
        if self.autoflush && !self.flush()? {
            self.mend()?;
        }
        Ok(())
    }

    fn pick(&self, class: usize, choice: usize) -> Option<usize> {
        let all = self.world.of_class(class);
        (!all.is_empty()).then(|| all[choice % all.len()])
    }

    fn add(&mut self, a: usize, b: usize, c: usize) -> Outcome {
        let class = a % CLASSES.len();
        let node = self.world.nodes.len();
        // Mostly give it what it needs; whom this session has not met is found first.
        let required = REFERENCES.iter().enumerate().filter(|(_, it)| it.child == class && it.required);
        let parents = required.map(|(at, it)| (at, self.pick(it.parent, b / 8 + at).filter(|_| !c.is_multiple_of(17))));
        let parents: Vec<(usize, Option<usize>)> = parents.collect();
        for parent in parents.iter().filter_map(|it| it.1) {
            self.get(parent)?;
        }
        let val = (b % 8) as i64 - i64::from(b.is_multiple_of(61)) * 9;
        let text = format!("t{}", if c.is_multiple_of(23) { c % 5 } else { 100 + node });
        let mut values: Vec<(&str, Value)> = vec![("val", val.into())];
        match class {
            USER => values.push(("email", text.as_str().into())),
            TAG => values.push(("name", text.as_str().into())),
            ROOM => values.extend([("building", text.as_str().into()), ("number", 7.into())]),
            _ => {}
        }
        self.say(format!("n{node} = add {} {values:?}", CLASSES[class].name));
        let added = self.session.untyped().add(CLASSES[class].name, &values).map_err(|it| it.to_string())?;
        self.refs.push(Some(added));
        self.world.nodes.push(Node {
            class,
            life: Life::Pending,
            marked: false,
            val,
            text,
            auto: None,
            to: Default::default(),
            moved: Default::default(),
        });
        for (at, parent) in parents {
            if parent.is_some() {
                self.set(at, node, parent)?;
            }
        }
        Ok(())
    }

    /// Sets a reference, or moves a member, from whichever side the numbers choose.
    fn link(&mut self, a: usize, b: usize, c: usize) -> Outcome {
        let at = a % REFERENCES.len();
        let facts = &REFERENCES[at];
        let Some(child) = self.pick(facts.child, b) else { return Ok(()) };
        let parent = if c.is_multiple_of(5) { None } else { self.pick(facts.parent, c / 5) };
        self.set_or_push(at, child, parent, (a / REFERENCES.len()).is_multiple_of(2))
    }

    fn set_or_push(&mut self, at: usize, child: usize, parent: Option<usize>, from_parent: bool) -> Outcome {
        let facts = &REFERENCES[at];
        let before = self.world.nodes[child].to[at];
        match (facts.has, facts.belongs, parent) {
            (Some(has), belongs, parent) if from_parent || belongs.is_none() => {
                if belongs.is_none() && parent.is_some() && before.is_some() && before != parent {
                    // Without an inverse a member does not know whom it belonged to: take it out there first.
                    self.set_or_push(at, child, None, true)?;
                }
                match (parent, before) {
                    (Some(parent), _) => self.put(at, has, child, parent),
                    (None, Some(before)) => self.take(at, has, child, before),
                    (None, None) => Ok(()),
                }
            }
            _ => self.set(at, child, parent),
        }
    }

    /// Runs a verb that links, and counts: it runs no statement, but an expired object is read once.
    fn linking(&mut self, nodes: &[usize], verb: impl FnOnce(&mut Session) -> Result<()>) -> Outcome {
        let allowed = nodes.iter().collect::<BTreeSet<_>>().into_iter().filter(|it| self.expired.remove(it)).count();
        let before = self.session.totals().statements;
        verb(&mut self.session).map_err(|it| format!("linking failed: {it}"))?;
        let ran = self.session.totals().statements - before;
        if ran > allowed as u64 { Err(format!("linking ran {ran} statements")) } else { Ok(()) }
    }

    fn set(&mut self, at: usize, child: usize, parent: Option<usize>) -> Outcome {
        let Some(name) = REFERENCES[at].belongs else { return Ok(()) };
        let object = self.get(child)?;
        let target = parent.map(|it| self.get(it)).transpose()?;
        self.say(format!("n{child}.{name} = {parent:?}"));
        let nodes: Vec<usize> = parent.into_iter().chain([child]).collect();
        self.linking(&nodes, |it| it.untyped().set(object, name, target))?;
        self.moved(at, child, parent);
        Ok(())
    }

    fn put(&mut self, at: usize, has: &'static str, child: usize, parent: usize) -> Outcome {
        let (member, owner) = (self.get(child)?, self.get(parent)?);
        self.say(format!("n{parent}.{has} takes n{child}"));
        let one = REFERENCES[at].one;
        self.linking(&[child, parent], |it| match one {
            true => it.untyped().set(owner, has, Some(member)),
            false => it.untyped().push(owner, has, member),
        })?;
        self.moved(at, child, Some(parent));
        Ok(())
    }

    fn take(&mut self, at: usize, has: &'static str, child: usize, parent: usize) -> Outcome {
        let (member, owner) = (self.get(child)?, self.get(parent)?);
        self.say(format!("n{parent}.{has} loses n{child}"));
        let one = REFERENCES[at].one;
        // Setting a partner to none does not name the partner.
        let nodes = if one { vec![parent] } else { vec![child, parent] };
        self.linking(&nodes, |it| match one {
            true => it.untyped().set(owner, has, None),
            false => it.untyped().remove(owner, has, member),
        })?;
        self.moved(at, child, None);
        Ok(())
    }

    fn moved(&mut self, at: usize, child: usize, parent: Option<usize>) {
        self.evicted.remove(&(at, child));
        let evicted = self.world.set(child, at, parent);
        if let (true, Some(before)) = (REFERENCES[at].one, parent) {
            let _ = before;
            self.evicted.extend(evicted.into_iter().map(|it| (at, it)));
        }
        if REFERENCES[at].one && parent.is_none() {
            self.evicted.insert((at, child));
        }
    }

    fn replace(&mut self, a: usize, b: usize, c: usize) -> Outcome {
        let many: Vec<usize> = (0..REFERENCES.len()).filter(|&it| !REFERENCES[it].one).collect();
        let at = many[a % many.len()];
        let (Some(has), Some(belongs)) = (REFERENCES[at].has, REFERENCES[at].belongs) else { return Ok(()) };
        let Some(parent) = self.pick(REFERENCES[at].parent, b) else { return Ok(()) };
        let all = self.world.of_class(REFERENCES[at].child);
        let new: Vec<usize> =
            all.iter().enumerate().filter(|(it, _)| c >> (it % 16) & 1 == 1).map(|it| *it.1).collect();
        let members = new.iter().map(|&it| self.get(it)).collect::<std::result::Result<Vec<_>, _>>()?;
        let owner = self.get(parent)?;
        // Meet them while their keys are still those of their rows.
        self.check_read(parent, has)?;
        self.say(format!("n{parent}.{has} = {new:?} (inverse {belongs})"));
        let done = self.session.untyped().replace(owner, has, &members);
        done.map_err(|it| format!("replace failed: {it}"))?;
        for child in self.world.children(at, parent) {
            if !new.contains(&child) {
                self.moved(at, child, None);
            }
        }
        new.into_iter().for_each(|child| self.moved(at, child, Some(parent)));
        Ok(())
    }

    fn pair(&mut self, a: usize, b: usize, c: usize) -> Outcome {
        let at = a % PAIRS.len();
        let facts = &PAIRS[at];
        let (Some(owner), Some(target)) = (self.pick(facts.owner, b), self.pick(facts.target, c)) else {
            return Ok(());
        };
        let there = self.world.pairs[at].contains(&(owner, target));
        let (own, other) = (self.get(owner)?, self.get(target)?);
        let (from, name, to) = match facts.inverse {
            Some(inverse) if (a / 2).is_multiple_of(2) => (other, inverse, own),
            _ => (own, facts.name, other),
        };
        self.say(format!("n{owner}.{} {} n{target} from {name}", facts.name, if there { "loses" } else { "takes" }));
        // Without an inverse nobody can tell whether a pair is there before the collection is read.
        let known = facts.inverse.is_some() || self.session.untyped().loaded(from, name).is_ok_and(|it| it.is_some());
        if !known {
            self.session.untyped().related(from, name).map_err(|it| it.to_string())?;
        }
        // Nor does an unloaded side know, so a pair that is there is not pushed again here.
        self.linking(&[owner, target], |it| match there {
            true => it.untyped().remove(from, name, to),
            false => it.untyped().push(from, name, to),
        })?;
        if there {
            self.world.pairs[at].remove(&(owner, target));
        } else {
            self.world.pairs[at].insert((owner, target));
        }
        Ok(())
    }

    fn edit(&mut self, a: usize, b: usize) -> Outcome {
        let Some(node) = self.pick(a % CLASSES.len(), a / CLASSES.len()) else { return Ok(()) };
        let object = self.get(node)?;
        if self.world.nodes[node].class == USER && b.is_multiple_of(4) {
            let text = format!("t{}", if b.is_multiple_of(20) { b / 20 % 5 } else { 1000 + b });
            self.say(format!("n{node}.email = {text}"));
            self.session.untyped().assign(object, "email", text.as_str()).map_err(|it| it.to_string())?;
            self.world.nodes[node].text = text;
        } else {
            let val = (b % 9) as i64 - i64::from(b.is_multiple_of(41)) * 9;
            self.say(format!("n{node}.val = {val}"));
            self.session.untyped().assign(object, "val", val).map_err(|it| it.to_string())?;
            self.world.nodes[node].val = val;
        }
        // Assigning reads nothing: an expired object is still to be read.
        Ok(())
    }

    fn delete(&mut self, a: usize, b: usize) -> Outcome {
        let Some(node) = self.pick(a % CLASSES.len(), b) else { return Ok(()) };
        let object = self.get(node)?;
        self.say(format!("delete n{node}"));
        self.session.delete(object).map_err(|it| format!("delete failed: {it}"))?;
        self.world.kill(node);
        Ok(())
    }

    /// Lets some objects go, whichever the session likes; the others are found again by their keys.
    fn keep_some(&mut self, most: usize) -> Outcome {
        let before = self.session.len();
        let most = most % (before + 1);
        let gone = self.session.keep_at_most(most).map_err(|it| it.to_string())?;
        self.say(format!("keep {most} of {before}"));
        if self.session.len() != before - gone {
            return Err(format!("{gone} are said to have gone, {} of {before} are there", self.session.len()));
        }
        for known in &mut self.refs {
            if known.is_some_and(|it| self.session.state(it).is_err()) {
                *known = None;
            }
        }
        Ok(())
    }

    fn expire(&mut self, a: usize, b: usize) -> Outcome {
        if !self.flush()? {
            return self.mend();
        }
        let Some(node) = self.pick(a % CLASSES.len(), b) else { return Ok(()) };
        if let Some(object) = self.refs[node] {
            self.say(format!("expire n{node}"));
            self.session.expire(object).map_err(|it| it.to_string())?;
            // Its refresh-expire cascades may have reached any other.
            self.expired.extend(0..self.world.nodes.len());
        }
        Ok(())
    }

    /// Adds an object again that a rollback or a delete has made transient.
    fn save_again(&mut self, a: usize, b: usize) -> Outcome {
        let fits = |&it: &usize| {
            let node = &self.world.nodes[it];
            node.life == Life::Transient
                && node.class != BADGE
                && node.class != AVATAR
                && self.refs[it].is_some_and(|it| self.session.state(it).is_ok_and(|it| it == State::Transient))
        };
        let all: Vec<usize> = (0..self.world.nodes.len()).filter(fits).collect();
        if all.is_empty() {
            return Ok(());
        }
        let node = all[a % all.len()];
        let Some(object) = self.refs[node] else { return Ok(()) };
        let class = self.world.nodes[node].class;
        let references = REFERENCES.iter().enumerate().filter(|(_, it)| it.child == class);
        let parents = references
            .map(|(at, it)| (at, self.pick(it.parent, b + at).filter(|_| it.required || b.is_multiple_of(3))));
        let parents: Vec<(usize, Option<usize>)> = parents.collect();
        for parent in parents.iter().filter_map(|it| it.1) {
            self.get(parent)?;
        }
        self.say(format!("save n{node} again"));
        self.session.save(object).map_err(|it| format!("save failed: {it}"))?;
        self.world.nodes[node].life = Life::Pending;
        // Its row still holds the foreign keys that it had, where those rows are still there.
        for (at, parent) in parents {
            let (there, dangles) = self.reference_in_row(object, at)?;
            self.world.nodes[node].to[at] = there;
            self.set(at, node, parent)?;
            self.world.nodes[node].moved[at] |= dangles;
        }
        Ok(())
    }

    fn reference_in_row(&mut self, object: AnyRef, at: usize) -> std::result::Result<(Option<usize>, bool), String> {
        let facts = &REFERENCES[at];
        let columns = facts.columns.iter().map(|it| CLASSES[facts.child].columns[*it]);
        let key = columns.map(|it| self.session.untyped().value(object, it)).collect::<Result<Vec<_>>>();
        let key = key.map_err(|it| it.to_string())?;
        if key.iter().any(Value::is_null) {
            return Ok((None, false));
        }
        let fits = |&it: &usize| {
            let node = &self.world.nodes[it];
            node.class == facts.parent && node.life == Life::Persistent && self.world.key(it) == key
        };
        let there = (0..self.world.nodes.len()).find(fits);
        Ok((there, there.is_none()))
    }

    fn read(&mut self, a: usize, b: usize) -> Outcome {
        let Some(node) = self.pick(a % CLASSES.len(), b) else { return Ok(()) };
        let relations = check::relations_of(&self.world, node);
        if relations.is_empty() {
            return Ok(());
        }
        let (name, _) = &relations[a / CLASSES.len() % relations.len()];
        self.say(format!("read n{node}.{name}"));
        self.check_read(node, name)
    }
}
