//! Named values as bytes, for rows that are put aside and come back with every type as it was.

use chrono::DateTime;
use rust_decimal::Decimal;

use crate::value::Value;

/// Packs a row.
pub(super) fn pack(row: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    put_map(&mut out, row);
    out
}

/// Unpacks what [`pack`] made; `None` for anything else.
pub(super) fn unpack(mut bytes: &[u8]) -> Option<Vec<(String, Value)>> {
    let row = take_map(&mut bytes)?;
    bytes.is_empty().then_some(row)
}

fn put_map(out: &mut Vec<u8>, map: &[(String, Value)]) {
    put_length(out, map.len());
    for (name, value) in map {
        put_bytes(out, name.as_bytes());
        put(out, value);
    }
}

fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Int(value) => {
            out.push(b'i');
            out.extend(value.to_le_bytes());
        }
        Value::Float(value) => {
            out.push(b'f');
            out.extend(value.to_le_bytes());
        }
        Value::Decimal(value) => {
            out.push(b'd');
            out.extend(value.serialize());
        }
        Value::Text(value) => {
            out.push(b't');
            put_bytes(out, value.as_bytes());
        }
        Value::Blob(value) => {
            out.push(b'x');
            put_bytes(out, value);
        }
        Value::Time(value) => {
            out.push(b'm');
            out.extend(value.timestamp().to_le_bytes());
            out.extend(value.timestamp_subsec_nanos().to_le_bytes());
        }
        Value::List(values) => {
            out.push(b'l');
            put_length(out, values.len());
            for value in values {
                put(out, value);
            }
        }
        Value::Map(map) => {
            out.push(b'o');
            put_map(out, map);
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend(bytes);
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend((length as u64).to_le_bytes());
}

fn take_map(bytes: &mut &[u8]) -> Option<Vec<(String, Value)>> {
    let length = take_length(bytes)?;
    let mut map = Vec::new();
    for _ in 0..length {
        let name = String::from_utf8(take_bytes(bytes)?.to_vec()).ok()?;
        map.push((name, take(bytes)?));
    }
    Some(map)
}

fn take(bytes: &mut &[u8]) -> Option<Value> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match tag {
        b'n' => Value::Null,
        b'b' => Value::Bool(take_array::<1>(bytes)? != [0]),
        b'i' => Value::Int(i64::from_le_bytes(take_array(bytes)?)),
        b'f' => Value::Float(f64::from_le_bytes(take_array(bytes)?)),
        b'd' => Value::Decimal(Decimal::deserialize(take_array(bytes)?)),
        b't' => Value::Text(String::from_utf8(take_bytes(bytes)?.to_vec()).ok()?),
        b'x' => Value::Blob(take_bytes(bytes)?.to_vec()),
        b'm' => {
            let seconds = i64::from_le_bytes(take_array(bytes)?);
            let nanoseconds = u32::from_le_bytes(take_array(bytes)?);
            Value::Time(DateTime::from_timestamp(seconds, nanoseconds)?)
        }
        b'l' => {
            let length = take_length(bytes)?;
            let mut values = Vec::new();
            for _ in 0..length {
                values.push(take(bytes)?);
            }
            Value::List(values)
        }
        b'o' => Value::Map(take_map(bytes)?),
        _ => return None,
    })
}

fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_length(bytes)?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(take_array(bytes)?)).ok()
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_with_its_type() {
        let row = vec![
            ("null".to_owned(), Value::Null),
            ("yes".to_owned(), Value::Bool(true)),
            ("int".to_owned(), Value::Int(i64::MIN)),
            ("float".to_owned(), Value::Float(-0.5)),
            ("decimal".to_owned(), Value::Decimal(Decimal::new(-1234, 2))),
            ("text".to_owned(), Value::Text("naïve\0".to_owned())),
            ("blob".to_owned(), Value::Blob(vec![0, 255])),
            (
                "time".to_owned(),
                Value::Time(DateTime::from_timestamp(-1, 999).expect("a moment")),
            ),
            (
                "list".to_owned(),
                Value::List(vec![
                    Value::Int(1),
                    Value::Map(vec![("k".to_owned(), Value::Null)]),
                ]),
            ),
        ];
        let bytes = pack(&row);
        assert_eq!(unpack(&bytes), Some(row));
        for cut in 0..bytes.len() {
            assert_eq!(unpack(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(unpack(&[bytes.as_slice(), b"x"].concat()), None);
    }
}
