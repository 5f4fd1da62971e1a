//! Finds what may be done side by side: items that have no key in common.

use std::collections::HashMap;
use std::hash::Hash;

/// Divides items by their keys, told by their numbers: those that share a key, also by way of others, are in one strand, in
/// their order. The strands are in the order of their first items.
pub fn strands<K: Hash + Eq>(items: impl IntoIterator<Item = Vec<K>>) -> Vec<Vec<usize>> {
    let (mut parents, mut first_with): (Vec<usize>, HashMap<K, usize>) = (Vec::new(), HashMap::new());
    for (at, keys) in items.into_iter().enumerate() {
        parents.push(at);
        for key in keys {
            let other = *first_with.entry(key).or_insert(at);
            let (one, other) = (root(&parents, at), root(&parents, other));
            // The first item of a strand stays its root.
            parents[one.max(other)] = one.min(other);
        }
    }
    let mut strands: Vec<Vec<usize>> = Vec::new();
    let mut strand_of: HashMap<usize, usize> = HashMap::new();
    for at in 0..parents.len() {
        let strand = *strand_of.entry(root(&parents, at)).or_insert(strands.len());
        match strands.get_mut(strand) {
            Some(strand) => strand.push(at),
            None => strands.push(vec![at]),
        }
    }
    strands
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
        assert_eq!(strands(items), [vec![0, 2, 4], vec![1], vec![3]]);
    }

    #[test]
    fn one_item_ties_strands_together() {
        assert_eq!(strands([vec!["a"], vec!["b"], vec!["c"], vec!["c", "b"]]), [vec![0], vec![1, 2, 3]]);
    }
}
