//! The order in which objects can be created: what an object depends on comes before it (`pg_depend`), and among what
//! could come next, names decide, so that the same schema always gives the same text.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use super::objects::Node;
use super::schema::Order;
use super::state::State;
use crate::db::Result;

/// What `pg_depend` knows under another number than the object it is part of: defaults, view rules, checks, row and array
/// types, the indexes behind constraints, what an extension brought.
const ALIASES: &str = "SELECT 'pg_attrdef', oid, 'pg_class', adrelid FROM pg_catalog.pg_attrdef \
    UNION ALL SELECT 'pg_rewrite', oid, 'pg_class', ev_class FROM pg_catalog.pg_rewrite WHERE rulename = '_RETURN' AND oid >= 16384 \
    UNION ALL SELECT 'pg_constraint', oid, 'pg_class', conrelid FROM pg_catalog.pg_constraint \
        WHERE contype IN ('c', 'n') AND convalidated AND conrelid <> 0 \
    UNION ALL SELECT 'pg_constraint', oid, 'pg_type', contypid FROM pg_catalog.pg_constraint WHERE contypid <> 0 \
    UNION ALL SELECT 'pg_class', conindid, 'pg_constraint', oid FROM pg_catalog.pg_constraint WHERE contype IN ('p', 'u', 'x') \
    UNION ALL SELECT 'pg_type', oid, 'pg_class', typrelid FROM pg_catalog.pg_type WHERE typrelid <> 0 AND oid >= 16384 \
    UNION ALL SELECT 'pg_type', oid, 'pg_type', typelem FROM pg_catalog.pg_type \
        WHERE typelem <> 0 AND typcategory = 'A' AND oid >= 16384 \
    UNION ALL SELECT classid::regclass::text, objid, 'pg_extension', refobjid FROM pg_catalog.pg_depend WHERE deptype = 'e'";

/// Who needs whom. An owned sequence leans on its column only to go with it.
const NEEDS: &str = "SELECT classid::regclass::text, objid, refclassid::regclass::text, refobjid FROM pg_catalog.pg_depend d \
    WHERE deptype <> 'e' AND objid >= 16384 AND refobjid >= 16384 AND NOT (deptype = 'a' \
        AND classid = 'pg_catalog.pg_class'::regclass AND refclassid = 'pg_catalog.pg_class'::regclass AND refobjsubid > 0 \
        AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = d.objid AND c.relkind = 'S'))";

type Id = (String, u32);

/// Sorts them, those that rows need apart from the rest.
pub(super) async fn sorted(state: &mut State, nodes: Vec<Node>) -> Result<Order> {
    let aliases: HashMap<Id, Id> = pairs(state, ALIASES).await?.into_iter().collect();
    let resolved = |id: &Id| {
        let mut id = id;
        // Longer chains there are none: array, row type, table, extension.
        for _ in 0..5 {
            match aliases.get(id) {
                Some(next) => id = next,
                None => break,
            }
        }
        id.clone()
    };
    let places: HashMap<Id, usize> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| (node.id.clone(), place))
        .collect();
    let mut needs: Vec<HashSet<usize>> = vec![HashSet::new(); nodes.len()];
    for (from, to) in pairs(state, NEEDS).await? {
        if let (Some(from), Some(to)) = (places.get(&resolved(&from)), places.get(&resolved(&to)))
            && from != to
        {
            needs[*from].insert(*to);
        }
    }
    for (place, node) in nodes.iter().enumerate() {
        let also = node.needs.iter().filter_map(|id| places.get(&resolved(id)));
        needs[place].extend(also.copied().filter(|other| *other != place));
    }
    let first = needed(&nodes, &needs);
    let mut order = Order::default();
    let mut nodes: BTreeMap<usize, Node> = nodes.into_iter().enumerate().collect();
    for place in topological(&nodes, &needs) {
        if let Some(node) = nodes.remove(&place) {
            let part = if first.contains(&place) {
                &mut order.before
            } else {
                &mut order.after
            };
            part.push(node);
        }
    }
    Ok(order)
}

async fn pairs(state: &mut State, asked: &str) -> Result<Vec<(Id, Id)>> {
    let rows = state.texts(asked).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let [class, id, to_class, to_id] = <[Option<String>; 4]>::try_from(row).ok()?;
            Some((
                (class?, id?.parse().ok()?),
                (to_class?, to_id?.parse().ok()?),
            ))
        })
        .collect())
}

/// What rows need, and all that it needs.
fn needed(nodes: &[Node], needs: &[HashSet<usize>]) -> HashSet<usize> {
    let mut open: Vec<usize> = (0..nodes.len())
        .filter(|place| nodes[*place].before)
        .collect();
    let mut found = HashSet::new();
    while let Some(place) = open.pop() {
        if found.insert(place) {
            open.extend(&needs[place]);
        }
    }
    found
}

fn topological(nodes: &BTreeMap<usize, Node>, needs: &[HashSet<usize>]) -> Vec<usize> {
    let key = |place: usize| {
        let node = &nodes[&place];
        Reverse((node.rank, &node.schema, &node.name, &node.sql, place))
    };
    let mut waiting: Vec<usize> = needs.iter().map(HashSet::len).collect();
    let mut wanted_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (place, others) in needs.iter().enumerate() {
        for other in others {
            wanted_by[*other].push(place);
        }
    }
    let mut ready: BinaryHeap<_> = (0..needs.len())
        .filter(|place| waiting[*place] == 0)
        .map(key)
        .collect();
    let mut done = vec![false; needs.len()];
    let mut sorted = Vec::with_capacity(needs.len());
    while sorted.len() < needs.len() {
        let next = ready.pop().or_else(|| {
            // A circle: the first by name goes first, and what it needs comes later.
            (0..needs.len())
                .filter(|place| !done[*place])
                .map(key)
                .max()
        });
        let Some(Reverse((.., place))) = next else {
            break;
        };
        if std::mem::replace(&mut done[place], true) {
            continue;
        }
        sorted.push(place);
        for other in &wanted_by[place] {
            waiting[*other] = waiting[*other].saturating_sub(1);
            if waiting[*other] == 0 && !done[*other] {
                ready.push(key(*other));
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, rank: u8) -> Node {
        Node {
            name: name.to_owned(),
            rank,
            ..Node::default()
        }
    }

    #[test]
    fn needs_come_first_then_ranks_then_names_and_circles_end() {
        let nodes: BTreeMap<usize, Node> = [
            node("view", 3),
            node("b", 1),
            node("a", 1),
            node("circle", 2),
            node("other", 2),
        ]
        .into_iter()
        .enumerate()
        .collect();
        let needs = [vec![], vec![0], vec![], vec![4], vec![3]]
            .map(|needs: Vec<usize>| needs.into_iter().collect::<HashSet<_>>());
        let names: Vec<&str> = topological(&nodes, &needs)
            .into_iter()
            .map(|place| nodes[&place].name.as_str())
            .collect();
        assert_eq!(names, ["a", "view", "b", "circle", "other"]);
    }
}
