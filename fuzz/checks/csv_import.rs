//! What holds for any bytes that are imported as a CSV file. The fuzz target and the tests hold the reader to it.

use diptych::error::Result;
use diptych::{Action, Column, Connection, Control, Database, ForeignKey, Kind, Schema, Select, Table, Value, column};
use diptych::{Expression, NativeConnection};

use crate::import::{Source, add_rows};

const HEADER: &str = "id,code,name,weight,done,raw,parent";

fn schema() -> Result<Schema> {
    let parent = ForeignKey::new(["parent"], "things").on_delete(Action::Cascade);
    let things = Table::new("things")
        .auto_key("id")
        .column(Column::int("code").nullable())
        .column(Column::text("name"))
        .column(Column::float("weight").nullable())
        .column(Column::bool("done").nullable())
        .column(Column::new("raw", Kind::Bytes).nullable())
        .column(Column::int("parent").nullable())
        .unique(["code"])
        .check("a_name_is_short", column("name").length().lt(1000))
        .foreign_key(parent);
    Schema::builder().table(things).build()
}

/// The first byte says whether the header stands in the bytes or is put before them.
pub fn check(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let mut file = if choice % 8 == 0 { Vec::new() } else { format!("{HEADER}\n").into_bytes() };
    file.extend_from_slice(rest);
    let database = Database::new(schema().expect("a sound schema"));
    let Some(rows) = imported(&database, &file) else { return };
    let again = Database::new(schema().expect("a sound schema"));
    assert_eq!(imported(&again, &written(&rows)).as_ref(), Some(&rows), "what was imported comes back as it is");
}

/// The rows of the table after an import; nothing if the file was refused.
fn imported(database: &Database, file: &[u8]) -> Option<Vec<Vec<Value>>> {
    let schema = database.schema().clone();
    let source = Source::of("things.csv".to_owned(), file.to_vec(), &schema.tables()[0]);
    let mut line = 0;
    let records = source.records().into_iter().flatten();
    let found = records.map_while(std::result::Result::ok).inspect(|it| {
        assert!(it.line > line, "records come in the order of the file");
        line = it.line;
    });
    let found = found.count() as u64;
    let mut connection = database.connect();
    let added = add_rows(&source, &mut connection);
    if let Err(refusal) = &added {
        assert!(!refusal.to_string().is_empty(), "a refusal says why");
        assert_eq!(rows(&mut connection), Vec::<Vec<Value>>::new(), "a file is added whole or not at all");
    }
    let committed = added.is_ok_and(|count| {
        assert_eq!(count, found, "all records become rows");
        connection.control(Control::Commit).is_ok()
    });
    drop(connection.control(Control::Rollback));
    database.audit().expect("a sound database");
    committed.then(|| rows(&mut database.connect()))
}

fn rows(connection: &mut NativeConnection) -> Vec<Vec<Value>> {
    let columns = HEADER.split(',').map(diptych::col);
    let select = Select::from("things").values(columns).order_by(diptych::col("id"), diptych::Direction::Ascending);
    connection.execute(select).expect("a query").rows.to_values()
}

/// Rows as a CSV file.
fn written(rows: &[Vec<Value>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEADER.split(',')).expect("it is kept in memory");
    for row in rows {
        let field = |it: &Value| match it {
            Value::Null => String::new(),
            Value::Bool(it) => u8::from(*it).to_string(),
            Value::Int(it) => it.to_string(),
            Value::Float(it) => it.to_string(),
            Value::Text(it) => it.to_string(),
            Value::Bytes(it) => it.iter().map(|it| format!("{it:02x}")).collect(),
            #[allow(unreachable_patterns, reason = "further kinds are there with features")]
            other => other.to_string(),
        };
        writer.write_record(row.iter().map(field)).expect("it is kept in memory");
    }
    writer.into_inner().expect("it is kept in memory")
}
