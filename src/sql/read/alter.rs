//! ALTER TABLE and TRUNCATE.

use std::sync::Arc;

use sqlparser::ast::{
    self as syntax, AlterColumnOperation, AlterTableOperation, CascadeOption, RenameTableNameKind, Truncate,
};

use super::call::last_part;
use super::catalog::Field;
use super::command::Command;
use super::define::{ColumnChange, Declaring, Definition, TableText};
use super::place::{placed, unsupported, wrong_at};
use super::scope::Reader;
use super::types::strict_kind;
use crate::error::Result;
use crate::schema::Column;

impl Reader<'_> {
    pub(super) fn alter_table(&mut self, it: &syntax::AlterTable) -> Result<Vec<Definition>> {
        let written = last_part(&it.name);
        // There is one user; what is owned may be a view or a sequence.
        if it.operations.iter().all(|it| matches!(it, AlterTableOperation::OwnerTo { .. })) {
            return Ok(Vec::new());
        }
        let found = self.catalog.table_named(&written).map_err(|error| placed(error, &it.name));
        if found.is_err() && it.if_exists {
            return Ok(Vec::new());
        }
        let (table, fields) = found?;
        let (table, fields) = (table.name.clone(), fields.clone());
        let mut found = Vec::new();
        for operation in &it.operations {
            self.alteration(operation, &table, &fields, it, &mut found)?;
        }
        Ok(found)
    }

    fn alteration(
        &mut self,
        operation: &AlterTableOperation,
        table: &str,
        fields: &Arc<[Field]>,
        at: &syntax::AlterTable,
        found: &mut Vec<Definition>,
    ) -> Result<()> {
        let name = || table.to_owned();
        match operation {
            AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::To(to) | RenameTableNameKind::As(to),
            } => found.push(Definition::RenameTable { name: name(), to: last_part(to) }),
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                let (old, to) = (old_column_name.value.clone(), new_column_name.value.clone());
                found.push(Definition::RenameColumn { table: name(), name: old, to });
            }
            AlterTableOperation::AddColumn { column_def, .. } => {
                let mut all = self.declaring(table, std::slice::from_ref(column_def), false);
                self.column_def(column_def, &mut all)?;
                let Declaring { primary, text, .. } = all;
                found.push(Definition::AddColumn { table: name(), text: TableText { primary, ..text } });
            }
            AlterTableOperation::AddConstraint { constraint, .. } => {
                let mut all = self.declaring(table, &[], false);
                all.fields = fields.clone();
                self.constraint_def(constraint, &mut all)?;
                let Declaring { primary, text, .. } = all;
                found.push(Definition::AddColumn { table: name(), text: TableText { primary, ..text } });
            }
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                let there = |it: &syntax::Ident| fields.iter().any(|field| field.name.eq_ignore_ascii_case(&it.value));
                let named = column_names.iter().filter(|it| !if_exists || there(it));
                found.extend(named.map(|it| Definition::DropColumn { table: name(), name: it.value.clone() }));
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let change = self.alter_column(column_name, op, fields)?;
                let name = column_name.value.clone();
                found.extend(change.map(|change| Definition::AlterColumn { table: table.to_owned(), name, change }));
            }
            AlterTableOperation::OwnerTo { .. } => {}
            AlterTableOperation::DropConstraint { name: constraint, if_exists, .. } => {
                let (constraint, if_exists) = (constraint.value.clone(), *if_exists);
                found.push(Definition::DropConstraint { table: name(), name: constraint, if_exists });
            }
            other => return Err(unsupported(&at.name, &format!("ALTER TABLE … {other}"))),
        }
        Ok(())
    }

    /// ALTER COLUMN: whether it may be NULL, and its default.
    fn alter_column(
        &mut self,
        name: &syntax::Ident,
        change: &AlterColumnOperation,
        fields: &Arc<[Field]>,
    ) -> Result<Option<ColumnChange>> {
        let field = fields.iter().find(|it| it.name.eq_ignore_ascii_case(&name.value));
        let field = field.ok_or_else(|| wrong_at(name.span, format!("there is no column `{}`", name.value)))?;
        Ok(match change {
            AlterColumnOperation::SetNotNull => Some(ColumnChange::Nullable(false)),
            AlterColumnOperation::DropNotNull => Some(ColumnChange::Nullable(true)),
            AlterColumnOperation::DropDefault => Some(ColumnChange::NoDefault),
            AlterColumnOperation::AddGenerated { .. } => Some(ColumnChange::Fills),
            AlterColumnOperation::SetDefault { value: syntax::Expr::Function(it) }
                if last_part(&it.name).eq_ignore_ascii_case("nextval") =>
            {
                Some(ColumnChange::Fills)
            }
            AlterColumnOperation::SetDefault { value } => {
                let kind = field.kind.unwrap_or(crate::value::Kind::Text);
                let column = self.default_of(value, Some(field), Column::new(field.name.clone(), kind))?;
                Some(ColumnChange::Default(Box::new(column)))
            }
            AlterColumnOperation::SetDataType { data_type, .. } => {
                let kind = strict_kind(data_type, self.dialect);
                if kind != field.kind {
                    let instead = "add a column, UPDATE it, and let it take the name of the one that is dropped";
                    let problem = format!("a column of another type is not supported: {instead}");
                    return Err(wrong_at(name.span, problem));
                }
                None
            }
            other => return Err(wrong_at(name.span, format!("ALTER COLUMN … {other} is not supported"))),
        })
    }

    pub(super) fn truncate(&mut self, it: &Truncate) -> Result<Command> {
        let mut tables = Vec::with_capacity(it.table_names.len());
        for target in &it.table_names {
            let written = last_part(&target.name);
            let found = self.catalog.table_named(&written).map_err(|error| placed(error, &target.name));
            match found {
                Ok((table, _)) => tables.push(table.name.clone()),
                Err(_) if it.if_exists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Command::Truncate { tables, cascade: it.cascade == Some(CascadeOption::Cascade) })
    }
}
