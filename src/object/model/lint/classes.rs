//! Lints of classes: of their tables, and of how they inherit.

use super::{At, Linter};
use crate::object::class::Inheritance;
use crate::object::model::{ClassModel, Discriminator, Join};
use crate::schema::Lint;

impl<'a> Linter<'a> {
    pub(super) fn class(&self, class: &ClassModel, found: &mut Vec<Lint>) {
        self.untold(class, found);
        self.merged(class, found);
        self.unread(class, found);
    }

    /// A whole table that queries on the base do not read.
    fn unread(&self, class: &ClassModel, found: &mut Vec<Lint>) {
        let Some(base) = class.base.filter(|_| class.inheritance == Some(Inheritance::Concrete)) else { return };
        let bases = std::iter::successors(Some(base), |it| self.model.class(*it).base);
        if bases.into_iter().any(|it| self.model.class(it).reads_whole_tables()) {
            return;
        }
        let base = &self.model.class(base).name;
        let problem = format!("queries on `{base}` do not find its objects, which stand in `{}`", class.table);
        let advice = format!("if they are to, let `{base}` say so: `union`, or `Polymorphic::union`");
        found.push(Lint::new(&*class.name, problem, advice));
    }

    /// A relation to a class whose queries read several whole tables, of which the relation does not read all.
    pub(super) fn whole_tables(&self, at: At<'a>, found: &mut Vec<Lint>) {
        let target = self.target(at);
        if !target.reads_whole_tables() {
            return;
        }
        let all = target.descendants.iter().map(|it| self.model.class(*it));
        let lacking: Vec<&ClassModel> = all.filter(|it| self.model.as_it_leads_to(at.relation, it).is_err()).collect();
        let others: Vec<String> = lacking.iter().map(|it| format!("`{}`", it.name)).collect();
        if others.is_empty() {
            return;
        }
        let problem =
            format!("objects of {} stand in tables of their own, and are not found along it", others.join(" and "));
        let advice = match &at.relation.join {
            Join::Has { columns, .. } => {
                let names: Vec<String> = target.names(columns).iter().map(|it| format!("`{it}`")).collect();
                format!("let their tables have {}, too", names.join(" and "))
            }
            _ => "declare a relation to each of them, or let joined tables hold them".to_owned(),
        };
        found.push(Lint::new(at.place(), problem, advice));
    }

    /// Rows that do not tell that they are of the class.
    fn untold(&self, class: &ClassModel, found: &mut Vec<Lint>) {
        let Some(base) = class.base.filter(|_| class.inheritance != Some(Inheritance::Concrete)) else { return };
        let base = self.model.class(base);
        if class.is_abstract || class.identity_value.is_some() && class.discriminator.is_some() {
            return;
        }
        let problem = format!(
            "no row tells that it is of this class, so a query on `{}` gives objects of `{}`",
            base.name, base.name
        );
        let advice = match &class.discriminator {
            Some(Discriminator::Column(column)) => {
                format!("give it an identity: the value of `{}` in its rows", base.columns[column.index()])
            }
            _ => format!("declare `{}` with `Polymorphic::on(column)`, and give both an identity", base.name),
        };
        found.push(Lint::new(&*class.name, problem, advice));
    }

    /// Columns of base and subclass that are one attribute because they have one name.
    fn merged(&self, class: &ClassModel, found: &mut Vec<Lint>) {
        if class.inheritance != Some(Inheritance::Joined) {
            return;
        }
        let Some((own, bases)) = class.parts.split_last() else { return };
        for (attribute, column) in &own.columns {
            let elsewhere = bases.iter().find(|part| part.columns.iter().any(|it| it.0 == *attribute));
            let key = own.key.iter().any(|it| it.1 == *column);
            if let Some(part) = elsewhere.filter(|_| !key) {
                let name = &class.columns[attribute.index()];
                let problem = format!(
                    "`{}.{name}` and `{}.{name}` are one attribute: they are written together",
                    part.table, own.table
                );
                found.push(Lint::new(&*class.name, problem, "give one of them another name, if they are not the same"));
            }
        }
    }
}
