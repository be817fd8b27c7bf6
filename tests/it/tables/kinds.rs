//! Columns of the kinds that come with features.

use diptych::error::Rule;
use diptych::{AsValue, Column, Expression, ForeignKey, Insert, Kind, Schema, Select, Table, Value, col};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{connect, done, refused, rows, sound};

fn bills() -> Table {
    let bills = Table::new("bills").column(Column::of::<Uuid>("id")).primary_key(["id"]);
    let bills = bills.column(Column::of::<Date>("due")).column(Column::of::<Option<Timestamp>>("paid"));
    bills.column(Column::of::<Decimal>("sum").default(Decimal::new(100, 2))).index(["due"]).index(["sum"])
}

/// T1: they are keys, are referred to, stand in indexes in their order, and are found there.
#[test]
fn t1_values_of_further_kinds_are_keys_and_are_ordered() {
    let parts = Table::new("parts").auto_key("id").column(Column::of::<Uuid>("bill"));
    let mut connection = connect([bills(), parts.foreign_key(ForeignKey::new(["bill"], "bills"))]);
    let bill = |id: u128, due: Date, sum: Value| {
        Insert::into("bills", ["id", "due", "sum"]).row([Value::from(Uuid::from_u128(id)), due.into(), sum])
    };
    done(&mut connection, bill(1, date(2026, 1, 31), Decimal::new(1999, 2).into()));
    done(&mut connection, bill(2, date(2025, 12, 24), Value::Int(5)));
    sound(&connection);
    assert_eq!(refused(&mut connection, bill(1, date(2026, 1, 1), Value::Int(1))).rule, Rule::PrimaryKey);
    assert_eq!(refused(&mut connection, bill(3, date(2026, 1, 1), Value::Float(0.5))).rule, Rule::Type);
    let part = |bill: u128| Insert::into("parts", ["bill"]).row([Uuid::from_u128(bill)]);
    done(&mut connection, part(2));
    assert_eq!(refused(&mut connection, part(9)).rule, Rule::ForeignKey);
    let due = Select::from("bills").values([col("due")]).filter(col("due").lt(date(2026, 1, 1)));
    assert_eq!(done(&mut connection, due).rows.typed::<Date>().unwrap(), [date(2025, 12, 24)]);
    let sum = Select::from("bills").values([col("sum")]).filter(col("sum").eq(5));
    assert_eq!(done(&mut connection, sum).rows.typed::<Decimal>().unwrap(), [Decimal::from(5)]);
    assert_eq!(rows(&mut connection, "bills")[1][3].kind(), Some(Kind::Decimal), "an integer became a decimal");
}

#[test]
fn texts_of_further_kinds() {
    let schema = Schema::builder().table(bills()).build().unwrap();
    let expected = "CREATE TABLE bills (\n  id text NOT NULL,\n  due text NOT NULL,\n  paid text,\n  \
                    sum decimal NOT NULL DEFAULT 1.00,\n  PRIMARY KEY (id)\n);\n";
    assert!(schema.to_sql().starts_with(expected), "{}", schema.to_sql());
    let epoch = Value::from(Timestamp::UNIX_EPOCH);
    assert_eq!(epoch.to_string(), "TIMESTAMPTZ '1970-01-01T00:00:00Z'");
    assert_eq!(Value::from(date(2026, 1, 31)).to_string(), "DATE '2026-01-31'");
    assert!(Date::from_value(epoch).is_err(), "V4: a point in time has no date without a zone");
}
