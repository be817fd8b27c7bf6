//! Scalars in and out of JSON.

use diptych::Value;
use serde_json::Value as Json;

/// A scalar of the store. Whole numbers become integers; a float column takes them as they are.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => match it.as_i64() {
            Some(it) => Value::Int(it),
            None => Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(it) => Value::Text(it.as_str().into()),
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Null,
    }
}

/// The same back.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(it) => Json::Bool(*it),
        Value::Int(it) => Json::from(*it),
        Value::Float(it) => Json::from(*it),
        Value::Text(it) => Json::from(&**it),
        other => Json::from(other.to_string()),
    }
}

/// How a scalar stands in a reference such as `Line:1,2`.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Text(it) => it.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => to_json(other).to_string(),
    }
}
