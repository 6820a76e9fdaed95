//! What `random` and `experiment` share: ways with weights, one of which is drawn on entry, kept, and gone by.

use crate::{
    graph::{
        emit::{self, Object, Site},
        model::{Exit, Node, Unwired},
    },
    kinds::saved,
};
use serde_json::{Value, json};

/// One way with its share.
struct Way<'a> {
    id: &'a str,
    weight: i64,
}

/// An exit for each way; all of them are taken some day, so each must lead somewhere.
pub(in crate::kinds) fn exits(node: &Node<'_>, field: &str, exits: &mut Vec<Exit>) {
    let ways = ways(node, field).into_iter();
    exits.extend(ways.map(|way| Exit { name: way.id.to_owned(), unwired: Unwired::Error }));
}

/// `draw` is an expression that gives a number from 0 up to, but not including, 1.
pub(in crate::kinds) fn lower(site: &Site<'_>, field: &str, draw: &str) -> Object {
    let ways = ways(site.node, field);
    let save_as = site.node.save_as();
    let chosen = saved(save_as);
    let Some((last, others)) = ways.split_last() else { return Object::new() };
    let mut always: Vec<Object> = others
        .iter()
        .map(|way| {
            let is_chosen = format!("{chosen} == {}", emit::text_literal(way.id));
            emit::guarded(&is_chosen, site.go(way.id))
        })
        .collect();
    always.push(site.go(last.id));
    emit::object(json!({
        "entry": [emit::assign(save_as, &choice(&ways, draw))],
        "always": always,
    }))
}

/// The id of the way that `draw` falls on. The macro gives the number a name, so that it is drawn once.
fn choice(ways: &[Way<'_>], draw: &str) -> String {
    let total: i64 = ways.iter().map(|way| way.weight).sum();
    let mut below = 0;
    let mut choice = String::new();
    for (index, way) in ways.iter().enumerate() {
        let id = emit::text_literal(way.id);
        below += way.weight;
        match index + 1 == ways.len() {
            true => choice.push_str(&id),
            false => choice.push_str(&format!("drawn < {below} ? {id} : ")),
        }
    }
    format!("[{draw} * {total}].map(drawn, {choice})[0]")
}

fn ways<'a>(node: &Node<'a>, field: &str) -> Vec<Way<'a>> {
    let items = node.field(field).and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| {
            let weight = item.get("weight").and_then(Value::as_i64).unwrap_or(1);
            Some(Way { id: item.get("id")?.as_str()?, weight: weight.max(1) })
        })
        .collect()
}
