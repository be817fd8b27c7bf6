//! Comparing the session with the reference, and the steps that end something.

use diptych::error::Rule;

use super::*;

/// What each relation of a node leads to, as the reference says.
pub(super) fn relations_of(world: &World, node: usize) -> Vec<(&'static str, BTreeSet<usize>)> {
    let class = world.nodes[node].class;
    let mut all = Vec::new();
    for (at, facts) in REFERENCES.iter().enumerate() {
        if let (true, Some(name)) = (facts.child == class, facts.belongs) {
            all.push((name, world.nodes[node].to[at].into_iter().collect()));
        }
        if let (true, Some(name)) = (facts.parent == class, facts.has) {
            all.push((name, world.children(at, node).into_iter().collect()));
        }
    }
    for (facts, pairs) in PAIRS.iter().zip(&world.pairs) {
        if facts.owner == class {
            all.push((facts.name, pairs.iter().filter(|it| it.0 == node).map(|it| it.1).collect()));
        }
        if let (true, Some(name)) = (facts.target == class, facts.inverse) {
            all.push((name, pairs.iter().filter(|it| it.1 == node).map(|it| it.0).collect()));
        }
    }
    all
}

/// The class that a relation of a class leads to.
fn target_of(class: usize, name: &str) -> usize {
    let references = REFERENCES.iter().find_map(|it| match () {
        () if it.child == class && it.belongs == Some(name) => Some(it.parent),
        () if it.parent == class && it.has == Some(name) => Some(it.child),
        () => None,
    });
    let pairs = || {
        PAIRS.iter().find_map(|it| match () {
            () if it.owner == class && it.name == name => Some(it.target),
            () if it.target == class && it.inverse == Some(name) => Some(it.owner),
            () => None,
        })
    };
    references.or_else(pairs).expect("the relation is declared")
}

/// Everything that a failed flush must leave as it was.
type Seen = Vec<(usize, State, bool, Vec<Value>, Vec<Option<BTreeSet<usize>>>)>;

impl Driver {
    /// The node of a reference, found by its key where this session has only just met it.
    fn node_of(&mut self, object: AnyRef, class: usize) -> std::result::Result<usize, String> {
        if let Some(node) = self.refs.iter().position(|it| *it == Some(object)) {
            return Ok(node);
        }
        let facts = &CLASSES[class];
        let key = facts.key.iter().map(|it| self.session.untyped().value(object, facts.columns[*it]));
        let key = key.collect::<Result<Vec<Value>>>().map_err(|it| format!("an unknown {}: {it}", facts.name))?;
        let live = |it: &usize| self.world.nodes[*it].class == class && self.world.nodes[*it].life == Life::Persistent;
        let found = (0..self.world.nodes.len()).filter(live).find(|it| self.world.key(*it) == key);
        let node = found.ok_or_else(|| format!("a {} {key:?} that should not be there", facts.name))?;
        if let Some(other) = self.refs[node].replace(object) {
            return Err(format!("O1: node {node} is {other:?} and {object:?}"));
        }
        Ok(node)
    }

    fn nodes_of(&mut self, objects: Vec<AnyRef>, class: usize) -> std::result::Result<BTreeSet<usize>, String> {
        let count = objects.len();
        let nodes =
            objects.into_iter().map(|it| self.node_of(it, class)).collect::<std::result::Result<BTreeSet<_>, _>>()?;
        if nodes.len() == count { Ok(nodes) } else { Err(format!("a member stands twice in {nodes:?}")) }
    }

    /// O2: what is loaded says the same on both sides, and what the reference says.
    pub(super) fn check_links(&mut self) -> Outcome {
        for node in 0..self.refs.len() {
            let Some(object) = self.refs[node].filter(|_| self.world.nodes[node].lives()) else { continue };
            let class = self.world.nodes[node].class;
            for (name, expected) in relations_of(&self.world, node) {
                let loaded = self.session.untyped().loaded(object, name).map_err(|it| it.to_string())?;
                let Some(loaded) = loaded else { continue };
                let found = self.nodes_of(loaded, target_of(class, name))?;
                let excused = self.evicted.iter().any(|(at, it)| *it == node && REFERENCES[*at].belongs == Some(name));
                if found != expected && !excused {
                    return Err(format!("n{node}.{name} is {found:?}, not {expected:?}"));
                }
            }
        }
        Ok(())
    }

    pub(super) fn check_read(&mut self, node: usize, name: &str) -> Outcome {
        let object = self.get(node)?;
        let class = self.world.nodes[node].class;
        let read = self.session.untyped().related(object, name).map_err(|it| format!("n{node}.{name}: {it}"))?;
        let found = self.nodes_of(read, target_of(class, name))?;
        let expected = relations_of(&self.world, node).into_iter().find(|it| it.0 == name).map(|it| it.1);
        let excused = self.evicted.iter().any(|(at, it)| *it == node && REFERENCES[*at].belongs == Some(name));
        if Some(&found) != expected.as_ref() && !excused {
            return Err(format!("n{node}.{name} reads {found:?}, not {expected:?}"));
        }
        Ok(())
    }

    /// Reads every relation and column of every node, once from this session and once from a new one.
    pub(super) fn check_everything_read(&mut self) -> Outcome {
        for round in 0..2 {
            for node in 0..self.world.nodes.len() {
                if self.world.nodes[node].life != Life::Persistent {
                    continue;
                }
                for (name, _) in relations_of(&self.world, node) {
                    self.check_read(node, name)?;
                }
                self.check_columns(node)?;
            }
            if round == 0 {
                self.new_session()?;
            }
        }
        Ok(())
    }

    fn check_columns(&mut self, node: usize) -> Outcome {
        let object = self.get(node)?;
        let facts = &CLASSES[self.world.nodes[node].class];
        let values =
            facts.columns.iter().map(|it| self.session.untyped().value(object, it)).collect::<Result<Vec<_>>>();
        let values = values.map_err(|it| it.to_string())?;
        let row = self.world.row(node);
        if values == row { Ok(()) } else { Err(format!("n{node} shows {values:?}, its row should be {row:?}")) }
    }

    /// The rows of every table, read by the session's own connection, are what the reference says.
    fn check_rows(&mut self) -> Outcome {
        for (class, facts) in CLASSES.iter().enumerate() {
            let persistent =
                |it: &usize| self.world.nodes[*it].class == class && self.world.nodes[*it].life == Life::Persistent;
            let nodes: Vec<usize> = (0..self.world.nodes.len()).filter(persistent).collect();
            let expected = nodes.into_iter().map(|it| self.world.row(it)).collect();
            self.compare(facts.table, expected)?;
        }
        for (at, facts) in PAIRS.iter().enumerate() {
            let pairs = self.world.pairs[at].iter();
            let expected = pairs.map(|(a, b)| [self.world.key(*a), self.world.key(*b)].concat()).collect();
            self.compare(facts.table, expected)?;
        }
        Ok(())
    }

    fn compare(&mut self, table: &'static str, mut expected: Vec<Vec<Value>>) -> Outcome {
        let outcome = self.session.execute(Select::from(table)).map_err(|it| it.to_string())?;
        let mut found: Vec<Vec<Value>> = outcome.rows.into_rows().map(|row| record::values(&*row)).collect();
        found.sort_by_key(|it| format!("{it:?}"));
        expected.sort_by_key(|it| format!("{it:?}"));
        if found == expected { Ok(()) } else { Err(format!("{table} holds {found:?}, not {expected:?}")) }
    }

    fn check_states(&mut self) -> Outcome {
        for (node, object) in self.refs.iter().enumerate() {
            let Some(object) = *object else { continue };
            let state = self.session.state(object).map_err(|it| it.to_string())?;
            let expected = match self.world.nodes[node].life {
                // One that was expired when it was deleted has no row to go on with.
                Life::Transient if state == State::Detached => State::Detached,
                Life::Transient => State::Transient,
                Life::Pending => State::Pending,
                Life::Persistent => State::Persistent,
                Life::Deleted if state == State::Detached => State::Detached,
                Life::Deleted => State::Deleted,
            };
            if state != expected {
                return Err(format!("n{node} is {state:?}, not {expected:?}"));
            }
        }
        Ok(())
    }

    fn see(&mut self) -> std::result::Result<Seen, String> {
        // Looking at what was expired reads it, and must not flush what is to be compared.
        self.session.set_autoflush(false);
        let seen = self.see_all();
        self.session.set_autoflush(self.autoflush);
        seen
    }

    fn see_all(&mut self) -> std::result::Result<Seen, String> {
        let mut seen = Vec::new();
        for node in 0..self.refs.len() {
            let Some(object) = self.refs[node] else { continue };
            let class = self.world.nodes[node].class;
            let state = self.session.state(object).map_err(|it| it.to_string())?;
            let marked = self.session.is_marked_deleted(object).map_err(|it| it.to_string())?;
            let columns = CLASSES[class].columns.iter();
            let values = match state {
                State::Detached | State::Deleted => Vec::new(),
                _ => columns
                    .map(|it| self.session.untyped().value(object, it))
                    .collect::<Result<Vec<_>>>()
                    .map_err(|it| it.to_string())?,
            };
            let mut links = Vec::new();
            for (name, _) in relations_of(&self.world, node) {
                let loaded = self.session.untyped().loaded(object, name).map_err(|it| it.to_string())?;
                links.push(loaded.map(|it| self.nodes_of(it, target_of(class, name))).transpose()?);
            }
            seen.push((node, state, marked, values, links));
        }
        Ok(seen)
    }

    /// Flushes, and says whether it went through. It must exactly when the reference says so.
    pub(super) fn flush(&mut self) -> std::result::Result<bool, String> {
        let (after, faults) = self.world.flushed();
        if faults.is_empty() {
            self.say("flush");
            if let Err(error) = self.session.flush() {
                // A new row that takes what an update of the same flush lets go is refused: inserts come first.
                let taken = matches!(error.violation().map(|it| it.rule), Some(Rule::Unique | Rule::PrimaryKey));
                if taken && self.world.nodes.iter().any(|it| it.life == Life::Pending) {
                    return self.rollback().map(|()| false);
                }
                return Err(format!("the flush should go through: {error}"));
            }
            self.world = after;
            self.evicted.clear();
            self.learn_keys()?;
            self.check_states()?;
            self.check_rows()?;
            for node in 0..self.refs.len() {
                if self.refs[node].is_some()
                    && self.world.nodes[node].life == Life::Persistent
                    && !self.expired.contains(&node)
                {
                    self.check_columns(node)?;
                }
            }
            return Ok(true);
        }
        let before = self.see()?;
        self.say(format!("flush, which fails: {faults:?}"));
        if self.session.flush().is_ok() {
            return Err("the flush should fail".to_owned());
        }
        let after = self.see()?;
        for before in &before {
            let after = after.iter().find(|it| it.0 == before.0).ok_or("an object is gone")?;
            let links = before.4.iter().zip(&after.4);
            let kept = links.into_iter().all(|(before, after)| before.is_none() || before == after);
            if (before.0, before.1, before.2, &before.3) != (after.0, after.1, after.2, &after.3) || !kept {
                return Err(format!("O3: a failed flush made {after:?} of {before:?}"));
            }
        }
        self.check_links()?;
        Ok(false)
    }

    fn learn_keys(&mut self) -> Outcome {
        for node in 0..self.world.nodes.len() {
            let it = &self.world.nodes[node];
            if let (Life::Persistent, None, true, Some(object)) =
                (it.life, it.auto, CLASSES[it.class].auto, self.refs[node])
            {
                let key = self.session.untyped().value(object, "id").map_err(|it| it.to_string())?;
                let Value::Int(key) = key else { return Err(format!("n{node} has the key {key:?}")) };
                self.world.nodes[node].auto = Some(key);
            }
        }
        Ok(())
    }

    /// Mends what makes the flush fail, one fault after the other; then the flush goes through.
    pub(super) fn mend(&mut self) -> Outcome {
        for _ in 0..200 {
            let Some(fault) = self.world.flushed().1.into_iter().next() else {
                return self.flush().map(drop);
            };
            self.mend_one(&fault)?;
        }
        self.rollback()
    }

    fn mend_one(&mut self, fault: &Fault) -> Outcome {
        let fresh = format!("mended{}", self.story.len());
        match *fault {
            Fault::Negative { node } => {
                let object = self.get_without_flush(node)?;
                self.say(format!("mend n{node}.val"));
                self.session.untyped().assign(object, "val", 1).map_err(|it| it.to_string())?;
                self.world.nodes[node].val = 1;
                Ok(())
            }
            Fault::Taken { node } => {
                let object = self.get_without_flush(node)?;
                self.say(format!("mend n{node}.email = {fresh}"));
                self.session.untyped().assign(object, "email", fresh.as_str()).map_err(|it| it.to_string())?;
                self.world.nodes[node].text = fresh;
                Ok(())
            }
            Fault::SameKey { node } => self.mend_by_delete(node),
            Fault::Null { node, reference } | Fault::Dangling { node, reference } => {
                let facts = &REFERENCES[reference];
                let parents = self.world.of_class(facts.parent);
                let parent = parents.into_iter().find(|it| *it != node && self.refs[*it].is_some());
                let already = self.world.nodes[node].to[reference] == parent;
                if self.world.nodes[node].marked
                    || parent.is_none() && facts.required
                    || already
                    || facts.child == facts.parent
                {
                    return self.rollback();
                }
                if facts.belongs.is_none() || self.refs[node].is_none() {
                    return self.rollback();
                }
                self.set_or_push(reference, node, parent, false)
            }
        }
    }

    fn get_without_flush(&mut self, node: usize) -> std::result::Result<AnyRef, String> {
        self.refs[node].ok_or_else(|| "only an object that the session has met can be wrong".to_owned())
    }

    fn mend_by_delete(&mut self, node: usize) -> Outcome {
        let pending =
            self.world.nodes.iter().position(|it| it.life == Life::Pending && it.class == self.world.nodes[node].class);
        match pending {
            Some(pending) if !self.autoflush && self.refs[pending].is_some() => {
                let object = self.get_without_flush(pending)?;
                self.say(format!("mend: delete n{pending}"));
                self.session.delete(object).map_err(|it| it.to_string())?;
                self.world.kill(pending);
                Ok(())
            }
            _ => self.rollback(),
        }
    }

    pub(super) fn savepoint(&mut self) -> Outcome {
        if !self.flush()? {
            return self.mend();
        }
        self.say("savepoint");
        self.session.savepoint().map_err(|it| it.to_string())?;
        self.saves.push(self.world.clone());
        Ok(())
    }

    pub(super) fn release(&mut self) -> Outcome {
        if self.saves.len() < 2 {
            return Ok(());
        }
        if !self.flush()? {
            return self.mend();
        }
        self.say("release");
        self.session.release().map_err(|it| it.to_string())?;
        self.saves.pop();
        Ok(())
    }

    pub(super) fn rollback_to(&mut self) -> Outcome {
        if self.saves.len() < 2 {
            return Ok(());
        }
        self.say("rollback to");
        self.session.rollback_to().map_err(|it| it.to_string())?;
        let saved = self.saves.pop().unwrap_or_default();
        self.come_back(&saved)
    }

    pub(super) fn rollback(&mut self) -> Outcome {
        self.say("rollback");
        self.session.rollback().map_err(|it| it.to_string())?;
        let saved = self.saves.swap_remove(0);
        self.saves = vec![saved.clone()];
        self.come_back(&saved)
    }

    fn come_back(&mut self, saved: &World) -> Outcome {
        self.world = self.world.back_to(saved);
        self.evicted.clear();
        self.expired = (0..self.world.nodes.len()).collect();
        self.check_states()?;
        self.check_rows()
    }

    pub(super) fn commit(&mut self) -> Outcome {
        if !self.flush()? {
            self.mend()?;
        }
        self.say("commit");
        self.session.commit().map_err(|it| it.to_string())?;
        self.saves = vec![self.world.clone()];
        self.expired = (0..self.world.nodes.len()).collect();
        self.check_states()?;
        self.check_rows()
    }

    /// Commits, and goes on in a session that knows nothing.
    pub(super) fn new_session(&mut self) -> Outcome {
        self.commit()?;
        self.say("new session");
        self.session = self.database.session();
        self.session.set_autoflush(self.autoflush);
        self.refs.iter_mut().for_each(|it| *it = None);
        self.expired.clear();
        Ok(())
    }
}
