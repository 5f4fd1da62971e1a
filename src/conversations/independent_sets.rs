//! Finds what may be done concurrently: items that have no key in common.

use std::collections::HashMap;
use std::hash::Hash;

/// Divides items, given by their keys, into sets of indexes: items that share a key, also by way of others, are in one set, in
/// their order. The sets are in the order of their first items.
pub fn independent_sets<K: Hash + Eq>(items: impl IntoIterator<Item = Vec<K>>) -> Vec<Vec<usize>> {
    let (mut parents, mut first_with): (Vec<usize>, HashMap<K, usize>) = (Vec::new(), HashMap::new());
    for (at, keys) in items.into_iter().enumerate() {
        parents.push(at);
        for key in keys {
            let other = *first_with.entry(key).or_insert(at);
            let (one, other) = (root(&parents, at), root(&parents, other));
            // The first item of a set stays its root.
            parents[one.max(other)] = one.min(other);
        }
    }
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let mut set_of: HashMap<usize, usize> = HashMap::new();
    for at in 0..parents.len() {
        let set = *set_of.entry(root(&parents, at)).or_insert(sets.len());
        match sets.get_mut(set) {
            Some(set) => set.push(at),
            None => sets.push(vec![at]),
        }
    }
    sets
}

fn root(parents: &[usize], mut at: usize) -> usize {
    while parents[at] != at {
        at = parents[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_a_key_in_common_keep_their_order() {
        let items = [vec!["a"], vec!["b"], vec!["a", "c"], vec![], vec!["d", "c"]];
        assert_eq!(independent_sets(items), [vec![0, 2, 4], vec![1], vec![3]]);
    }

    #[test]
    fn one_item_joins_two_sets() {
        assert_eq!(independent_sets([vec!["a"], vec!["b"], vec!["c"], vec!["c", "b"]]), [vec![0], vec![1, 2, 3]]);
    }
}
