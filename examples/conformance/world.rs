//! What a case is replayed in: a database, a session, and the labels that name objects.

use std::collections::{BTreeMap, HashMap};

use diptych::object::{Event, Manner, Untyped};
use diptych::{AnyRef, Database, Session};
use serde_json::Value as Json;

use crate::case::{list, text};
use crate::events;
use crate::fault::Fault;
use crate::value::plain;

/// A database, a session on it, and the objects that the case has named.
pub struct World<'c> {
    pub case: &'c Json,
    pub database: Database,
    pub session: Session,
    /// Labels in the order of their names; those that an earlier failure left unbound are absent.
    pub labels: BTreeMap<String, AnyRef>,
    /// The first label of each object.
    first: HashMap<AnyRef, String>,
    /// What was told before something that no case speaks of.
    told: Vec<Event>,
}

impl<'c> World<'c> {
    pub fn new(case: &'c Json, database: Database) -> Result<Self, Fault> {
        let mut session = database.try_session()?;
        session.set_manner(diptych::object::Manner::SqlAlchemy);
        configure(&mut session, case);
        session.record();
        if case.get("events").is_some() {
            session.untyped().listen();
        }
        Ok(World { case, database, session, labels: BTreeMap::new(), first: HashMap::new(), told: Vec::new() })
    }

    pub fn untyped(&mut self) -> Untyped<'_> {
        self.session.untyped()
    }

    /// What the case wants to be logged, since the last call.
    pub fn take_events(&mut self) -> Result<Vec<Json>, Fault> {
        let mut happened = std::mem::take(&mut self.told);
        happened.extend(self.untyped().take_events());
        let mut logged = Vec::new();
        for event in &happened {
            logged.extend(events::logged(self, event)?);
        }
        Ok(logged)
    }

    /// Does what no case speaks of: what is told of it is not logged.
    pub fn unheard(&mut self, act: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let told = self.untyped().take_events();
        self.told.extend(told);
        let outcome = act(self);
        self.untyped().take_events();
        outcome
    }

    /// Puts the options of the session back to what the case says.
    pub fn configure(&mut self) {
        configure(&mut self.session, self.case);
    }

    pub fn bind(&mut self, label: &str, object: AnyRef) {
        self.labels.insert(label.to_owned(), object);
        self.first.entry(object).or_insert_with(|| label.to_owned());
    }

    /// Binds the labels of a step to what came out; null skips.
    pub fn bind_all(&mut self, labels: Option<&Json>, objects: &[AnyRef]) {
        match labels {
            Some(Json::String(label)) => objects.iter().take(1).for_each(|it| self.bind(label, *it)),
            Some(Json::Array(labels)) => {
                for (label, object) in labels.iter().zip(objects) {
                    if let Some(label) = label.as_str() {
                        self.bind(label, *object);
                    }
                }
            }
            _ => {}
        }
    }

    /// The object of a label.
    pub fn object(&self, label: &str) -> Result<AnyRef, Fault> {
        self.labels.get(label).copied().ok_or(Fault::Category("unbound_label"))
    }

    /// The object that a key of a step names by its label; `None` for null.
    pub fn named(&self, step: &Json, key: &str) -> Result<Option<AnyRef>, Fault> {
        step.get(key).and_then(Json::as_str).map(|it| self.object(it)).transpose()
    }

    /// The objects of a list of labels.
    pub fn objects(&self, labels: &Json) -> Result<Vec<AnyRef>, Fault> {
        let labels = labels.as_array().into_iter().flatten().filter_map(Json::as_str);
        labels.map(|it| self.object(it)).collect()
    }

    /// The first label of an object.
    pub fn label(&self, object: AnyRef) -> Option<String> {
        self.first.get(&object).cloned()
    }

    /// How a result names an object: by its first label, or else by class and key.
    pub fn reference(&mut self, object: AnyRef) -> Result<String, Fault> {
        if let Some(label) = self.label(object) {
            return Ok(label);
        }
        let mut by_name = self.session.untyped();
        let key = match by_name.identity(object)? {
            Some(key) => key,
            None => by_name.key_columns(object)?,
        };
        let key: Vec<String> = key.iter().map(plain).collect();
        Ok(format!("{}:{}", by_name.class_of(object)?, key.join(",")))
    }

    /// How a result names some objects.
    pub fn references(&mut self, objects: &[AnyRef]) -> Result<Vec<Json>, Fault> {
        objects.iter().map(|it| Ok(Json::from(self.reference(*it)?))).collect()
    }

    /// The relations of a class as the case declares them, those of its bases first.
    pub fn relationships(&self, class: &str) -> Vec<&'c Json> {
        let mut bases = vec![];
        let mut at = self.class(class);
        while let Some(class) = at {
            bases.push(class);
            // A class with a table of its own has the relations that it declares, and no others.
            let is_concrete = class.get("polymorphic").is_some_and(|it| text(it, "kind") == "concrete");
            let base = class.get("inherits").filter(|_| !is_concrete);
            at = base.and_then(Json::as_str).and_then(|it| self.class(it));
        }
        bases.iter().rev().flat_map(|it| list(it, "relationships")).collect()
    }

    /// A relation of a class.
    pub fn relationship(&self, class: &str, name: &str) -> Option<&'c Json> {
        self.relationships(class).into_iter().rev().find(|it| text(it, "name") == name)
    }

    /// Whether a class is another or inherits from it.
    pub fn is_a(&self, class: &str, base: &str) -> bool {
        let mut at = self.class(class);
        while let Some(class) = at {
            if text(class, "name") == base {
                return true;
            }
            at = class.get("inherits").and_then(Json::as_str).and_then(|it| self.class(it));
        }
        false
    }

    pub fn class(&self, name: &str) -> Option<&'c Json> {
        list(self.case, "classes").iter().find(|it| text(it, "name") == name)
    }
}

fn configure(session: &mut Session, case: &Json) {
    let option = |name: &str| case["session"].get(name).and_then(Json::as_bool).unwrap_or(true);
    session.set_manner(Manner::SqlAlchemy);
    session.set_autoflush(option("autoflush"));
    session.set_expire_on_commit(option("expire_on_commit"));
}
