//! A schema made from another one: what was declared is opened again, edited, and built anew.

use super::build_index::full_name;
use super::declare::{ForeignKey, Name, Table};
use super::{Column, Schema, SchemaBuilder};
use crate::error::{Mistake, closest};
use crate::expr::Expr;

impl Schema {
    /// Opens what was declared, to build another schema of it.
    ///
    /// ```
    /// use diptych::{Column, Schema, Table};
    ///
    /// let first = Schema::builder().table(Table::new("notes").auto_key("id").column(Column::text("body"))).build()?;
    /// let second = first.edit().edit_table("notes", |notes| notes.index(["body"])).build()?;
    /// assert_eq!(second.table_named("notes")?.indexes.len(), 2);
    /// # Ok::<(), diptych::Error>(())
    /// ```
    pub fn edit(&self) -> SchemaBuilder {
        let mut tables = self.declared.clone();
        // What it continued itself has been settled.
        for table in &mut tables {
            table.renamed_from = None;
            table.columns.iter_mut().for_each(|it| it.renamed_from = None);
        }
        SchemaBuilder {
            tables,
            sequences: self.declared_sequences.clone(),
            functions: self.functions.clone(),
            mistakes: Vec::new(),
            renewals: self.renewals.clone(),
        }
    }
}

impl SchemaBuilder {
    /// Takes a table out. A foreign key that refers to it is a mistake, unless it goes as well.
    pub fn without_table(mut self, name: &str) -> Self {
        if let Some(position) = self.find(name) {
            self.tables.remove(position);
        }
        self
    }

    /// Takes a sequence out. A default that takes its numbers is a mistake, unless it goes as well.
    pub fn without_sequence(mut self, name: &str) -> Self {
        self.sequences.retain(|it| it.name != name);
        self
    }

    /// Changes a table.
    pub fn edit_table(mut self, name: &str, edit: impl FnOnce(Table) -> Table) -> Self {
        if let Some(position) = self.find(name) {
            let table = std::mem::replace(&mut self.tables[position], Table::new(""));
            self.tables[position] = edit(table);
        }
        self
    }

    /// Gives a table another name, in the foreign keys that refer to it too. Names that were made of the old one, such
    /// as those of its keys, are made of the new one.
    pub fn rename_table(mut self, from: &str, to: impl Into<Name>) -> Self {
        let Some(position) = self.find(from) else { return self };
        let to = to.into();
        for key in self.tables.iter_mut().flat_map(|it| &mut it.foreign_keys).filter(|it| it.target == from) {
            key.target = to.clone();
        }
        let table = &mut self.tables[position];
        let before = std::mem::replace(&mut table.name, to);
        table.renamed_from.get_or_insert(before);
        self
    }

    /// Gives a column another name, in keys, conditions and the foreign keys that refer to it too.
    pub fn rename_column(mut self, table: &str, from: &str, to: impl Into<Name>) -> Self {
        let Some(position) = self.find(table) else { return self };
        let to = to.into();
        if let Err(mistake) = self.tables[position].rename_column(from, &to) {
            self.mistakes.push(mistake);
            return self;
        }
        for key in self.tables.iter_mut().flat_map(|it| &mut it.foreign_keys).filter(|it| it.target == table) {
            rename(&mut key.target_columns, from, &to);
        }
        self
    }

    fn find(&mut self, name: &str) -> Option<usize> {
        let found = self.tables.iter().position(|it| it.name == name);
        if found.is_none() {
            let hint = closest(name, self.tables.iter().map(Table::name));
            self.mistakes.push(Mistake::new(name, "an edit names a table that is not there", hint));
        }
        found
    }
}

impl Table {
    /// Takes a column out. A key or a condition that names it is a mistake, unless it goes as well.
    pub fn without_column(mut self, name: &str) -> Self {
        self.columns.retain(|it| it.name != name);
        self
    }

    /// Changes a column.
    pub fn edit_column(mut self, name: &str, edit: impl FnOnce(Column) -> Column) -> Self {
        if let Some(position) = self.columns.iter().position(|it| it.name == name) {
            let column = self.columns.remove(position);
            self.columns.insert(position, edit(column));
        }
        self
    }

    /// Takes an index or a unique key out, by its name.
    pub fn without_index(mut self, name: &str) -> Self {
        let keys = std::mem::take(&mut self.keys);
        self.keys = keys.into_iter().filter(|it| full_name(&self, it) != name).collect();
        self
    }

    /// Takes a CHECK condition out.
    pub fn without_check(mut self, name: &str) -> Self {
        self.checks.retain(|it| it.0 != name);
        self
    }

    /// Takes a foreign key out, by its name.
    pub fn without_foreign_key(mut self, name: &str) -> Self {
        let table = self.name.clone();
        self.foreign_keys.retain(|it| it.name_in(&table) != name);
        self
    }

    fn rename_column(&mut self, from: &str, to: &Name) -> Result<(), Mistake> {
        let Some(column) = self.columns.iter_mut().find(|it| it.name == from) else {
            let hint = closest(from, self.columns.iter().map(|it| &*it.name));
            let place = format!("{}.{from}", self.name);
            return Err(Mistake::new(place, "an edit names a column that is not there", hint));
        };
        let before = std::mem::replace(&mut column.name, to.clone());
        column.renamed_from.get_or_insert(before);
        rename(&mut self.primary_key, from, to);
        for index in &mut self.keys {
            let read = index.parts.iter_mut().chain(&mut index.predicate);
            read.for_each(|it| *it = renamed(it, from, to));
        }
        for computed in self.columns.iter_mut().filter_map(|it| it.generated.as_mut()) {
            *computed = renamed(computed, from, to);
        }
        self.foreign_keys.iter_mut().for_each(|it| rename(&mut it.columns, from, to));
        for (_, condition) in &mut self.checks {
            *condition = renamed(condition, from, to);
        }
        Ok(())
    }
}

impl ForeignKey {
    /// The name it has or is given.
    fn name_in(&self, table: &str) -> String {
        self.name.as_ref().map_or_else(|| format!("{table}_{}_fkey", self.columns.join("_")), Name::to_string)
    }
}

fn rename(names: &mut [Name], from: &str, to: &Name) {
    names.iter_mut().filter(|it| *it == from).for_each(|it| *it = to.clone());
}

fn renamed(condition: &Expr<Name>, from: &str, to: &Name) -> Expr<Name> {
    let renamed = condition.try_map(&mut |name: &Name| {
        let name = if name == from { to.clone() } else { name.clone() };
        Ok::<_, std::convert::Infallible>(Expr::Leaf(name))
    });
    match renamed {
        Ok(it) => it,
        Err(never) => match never {},
    }
}
