//! One hierarchy in three mappings: employees, of whom some are engineers or managers.

use diptych::object::{Inheritance, Polymorphic};
use diptych::schema::Action;
use diptych::{Class, Column, ForeignKey, Relationship, Table};

macro_rules! hierarchy {
    ($name:ident: ($($base:tt)*), ($($engineer:tt)*), ($($manager:tt)*)) => {
        pub(in super::super) mod $name {
            use diptych::prelude::*;

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "companies")]
            #[has_many(employees: Employee, inverse = company)]
            pub struct Company {
                #[key(auto)]
                pub id: Id<Company>,
                pub name: String,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "employees", identity = "employee", $($base)*)]
            #[belongs_to(company: Company, via = company_id, inverse = employees)]
            pub struct Employee {
                #[key(auto)]
                pub id: Id<Employee>,
                pub kind: String,
                pub name: String,
                #[references(Company)]
                pub company_id: Option<Id<Company>>,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(identity = "engineer", $($engineer)*)]
            #[has_many(tools: Tool, inverse = owner, cascade(all, delete_orphan))]
            pub struct Engineer {
                #[base]
                pub employee: Employee,
                pub language: Option<String>,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(identity = "manager", $($manager)*)]
            #[belongs_to(assistant: Engineer, via = assistant_id)]
            pub struct Manager {
                #[base]
                pub employee: Employee,
                pub bonus: i64,
                #[references(Engineer, on_delete = set_null)]
                pub assistant_id: Option<Id<Engineer>>,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "tools")]
            #[belongs_to(owner: Engineer, via = owner_id, inverse = tools)]
            pub struct Tool {
                #[key(auto)]
                pub id: Id<Tool>,
                pub name: String,
                #[references(Engineer)]
                pub owner_id: Id<Engineer>,
            }

            pub fn database() -> Database {
                let database = Database::of::<(Company, Employee, Engineer, Manager, Tool)>();
                database.unwrap_or_else(|error| panic!("{error}"))
            }

            pub fn engineer(name: &str, language: &str) -> Engineer {
                let employee = Employee { name: name.into(), ..Employee::draft() };
                Engineer { employee, language: Some(language.into()) }
            }
        }
    };
}

hierarchy!(single: (discriminator = kind), (), ());
hierarchy!(joined: (discriminator = kind), (table = "engineers"), (table = "managers"));
hierarchy!(concrete: (discriminator = kind, union), (concrete = "engineers"), (concrete = "managers"));

fn employees(name: &'static str) -> Table {
    let table = Table::new(name).auto_key("id").column(Column::text("kind")).column(Column::text("name"));
    table.column(Column::int("company_id").nullable()).foreign_key(ForeignKey::new(["company_id"], "companies"))
}

fn part(name: &'static str) -> Table {
    let table = Table::new(name).column(Column::int("id")).primary_key(["id"]);
    table.foreign_key(ForeignKey::new(["id"], "employees"))
}

/// The same classes without a struct.
pub(super) fn at_run_time(how: Inheritance) -> Vec<Class> {
    let assistant = |to| ForeignKey::new(["assistant_id"], to).on_delete(Action::SetNull);
    let language = Column::text("language").nullable();
    let (bonus, assistant_id) = (Column::int("bonus"), Column::int("assistant_id").nullable());
    let company = Relationship::belongs_to("company", "Company");
    let kind = |identity: &'static str| Polymorphic::of(how).identity(identity);
    let mut base = Polymorphic::on("kind").identity("employee");
    let mut table = employees("employees");
    let (mut engineer, mut manager, home) = match how {
        Inheritance::Single => {
            table = table.column(language).column(bonus.nullable()).column(assistant_id);
            table = table.foreign_key(assistant("employees"));
            let engineer = Class::inheriting("Engineer", "Employee").own_columns(["language"]);
            let manager = Class::inheriting("Manager", "Employee").own_columns(["bonus", "assistant_id"]);
            (engineer, manager, "employees")
        }
        Inheritance::Joined => {
            let engineer = Class::new("Engineer", part("engineers").column(language));
            let managers = part("managers").column(bonus).column(assistant_id).foreign_key(assistant("engineers"));
            (engineer.inherits("Employee"), Class::new("Manager", managers).inherits("Employee"), "engineers")
        }
        Inheritance::Concrete => {
            base = Polymorphic::default().union("kind").identity("employee");
            let managers = employees("managers").column(bonus).column(assistant_id);
            let engineer = Class::new("Engineer", employees("engineers").column(language)).inherits("Employee");
            let manager = Class::new("Manager", managers.foreign_key(assistant("engineers"))).inherits("Employee");
            let company = company.clone().inverse("employees");
            (engineer.relation(company.clone()), manager.relation(company), "engineers")
        }
    };
    let tools = Relationship::has_many("tools", "Tool").inverse("owner");
    let tools = tools.cascade(diptych::object::Cascade::ALL | diptych::object::Cascade::DELETE_ORPHAN);
    engineer = engineer.polymorphic(kind("engineer")).relation(tools);
    manager = manager.polymorphic(kind("manager"));
    manager = manager.relation(Relationship::belongs_to("assistant", "Engineer").via(["assistant_id"]));
    let tool = Table::new("tools").auto_key("id").column(Column::text("name")).column(Column::int("owner_id"));
    let tool = Class::new("Tool", tool.foreign_key(ForeignKey::new(["owner_id"], home)));
    let companies = Class::new("Company", Table::new("companies").auto_key("id").column(Column::text("name")));
    vec![
        companies.relation(Relationship::has_many("employees", "Employee").inverse("company")),
        Class::new("Employee", table).polymorphic(base).relation(company.inverse("employees")),
        engineer,
        manager,
        tool.relation(Relationship::belongs_to("owner", "Engineer").via(["owner_id"]).inverse("tools")),
    ]
}
