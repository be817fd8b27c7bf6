//! Whether a relation leads to objects of a class that may have a whole table of its own.

use super::{ClassModel, Join, Model, RelationModel};
use crate::error::{Error, Misuse, Result, StandsApart};

impl Model {
    /// A relation as it leads to objects of a class, which is its target or a case of that.
    ///
    /// # Errors
    /// When the rows of the class stand where the relation does not lead.
    pub(in crate::object) fn as_it_leads_to<'r>(
        &self,
        relation: &'r RelationModel,
        class: &ClassModel,
    ) -> Result<&'r RelationModel> {
        let found = relation.to(class.id);
        match found.target == class.id || class.shares_rows(self.class(found.target)) {
            true => Ok(found),
            false => Err(self.stands_apart(relation, class)),
        }
    }

    fn stands_apart(&self, relation: &RelationModel, class: &ClassModel) -> Error {
        let target = self.class(relation.target);
        if !self.is_a(class.id, target.id) {
            return Misuse::WrongClass { expected: target.name.clone(), given: class.name.clone() }.into();
        }
        let (name, base) = (&class.name, &target.name);
        let advice = match &relation.join {
            Join::Has { columns, .. } if target.reads_whole_tables() => {
                let needed = columns.iter().copied().chain(relation.position);
                let names = needed.map(|it| &target.columns[it.index()]).filter(|it| !class.columns.contains(it));
                let lacking: Vec<String> = names.map(|it| format!("`{it}`")).collect();
                format!("let `{}` have {}, too", class.table, lacking.join(" and "))
            }
            Join::Has { .. } => format!("let `{base}` say `union`, or declare a relation to `{name}`"),
            Join::BelongsTo { .. } | Join::Through { .. } => {
                format!("declare a relation to `{name}` by a foreign key of its own, or let joined tables hold both")
            }
        };
        let declared_by = &self.class(relation.declared_by).name;
        Misuse::StandsApart(Box::new(StandsApart {
            relation: format!("{declared_by}.{}", relation.name),
            class: name.clone(),
            table: class.table.to_string(),
            leads_to: target.table.to_string(),
            advice,
        }))
        .into()
    }
}
