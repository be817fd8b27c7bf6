//! The reference graph in dependency order: which tables form rings, and which stand before which.

use super::Schema;
use crate::id::TableId;

/// The tables in groups that refer to each other in a ring, the groups in the order in which rows can be inserted:
/// a group comes after the groups it refers to.
///
/// Tarjan's algorithm on an explicit stack, so that a long chain of tables needs no deep call stack.
/// Source: R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    groups: Vec<Vec<TableId>>,
    rank: Vec<usize>,
}

impl Components {
    /// Groups the tables of a schema.
    pub fn of(schema: &Schema) -> Self {
        let targets: Vec<Vec<usize>> = schema
            .tables()
            .iter()
            .map(|table| table.outbound.iter().map(|&it| schema.reference(it).target.index()).collect())
            .collect();
        let groups = strongly_connected(&targets);
        let mut rank = vec![0; targets.len()];
        for (position, group) in groups.iter().enumerate() {
            group.iter().for_each(|&table| rank[table] = position);
        }
        let groups = groups.into_iter().map(|group| group.into_iter().map(|it| TableId(it as u16)).collect()).collect();
        Components { groups, rank }
    }

    /// The groups, those that are referred to first.
    pub fn groups(&self) -> &[Vec<TableId>] {
        &self.groups
    }

    /// The place of a table's group in that order.
    pub fn rank(&self, table: TableId) -> usize {
        self.rank[table.index()]
    }
}

/// The strongly connected components of a graph given as successor lists, successors first.
pub(crate) fn strongly_connected(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let count = successors.len();
    let (mut index, mut low) = (vec![UNSEEN; count], vec![0; count]);
    let (mut on_stack, mut stack, mut found) = (vec![false; count], Vec::new(), Vec::new());
    let mut next = 0;
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((node, edge)) = work.pop() {
            if edge == 0 {
                (index[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&target) = successors[node].get(edge) {
                work.push((node, edge + 1));
                if index[target] == UNSEEN {
                    work.push((target, 0));
                } else if on_stack[target] {
                    low[node] = low[node].min(index[target]);
                }
                continue;
            }
            if low[node] == index[node] {
                let start = stack.iter().rposition(|&it| it == node).unwrap_or(0);
                let mut group = stack.split_off(start);
                group.iter().for_each(|&it| on_stack[it] = false);
                group.sort_unstable();
                found.push(group);
            }
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[node]);
            }
        }
    }
    found
}

/// The strongly connected components that nothing outside leads to.
#[cfg(feature = "objects")]
pub(crate) fn sources(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let groups = strongly_connected(successors);
    let mut group_of = vec![0; successors.len()];
    groups.iter().enumerate().for_each(|(group, all)| all.iter().for_each(|&at| group_of[at] = group));
    let mut is_led_to = vec![false; groups.len()];
    for (at, after) in successors.iter().enumerate() {
        after.iter().filter(|it| group_of[**it] != group_of[at]).for_each(|&it| is_led_to[group_of[it]] = true);
    }
    groups.into_iter().zip(is_led_to).filter(|it| !it.1).map(|it| it.0).collect()
}

#[cfg(test)]
mod tests {
    use super::strongly_connected;

    #[test]
    fn rings_are_grouped_and_successors_come_first() {
        // 0 → 1 → 2 → 1, 2 → 3, 4 → 4
        let graph = vec![vec![1], vec![2], vec![1, 3], vec![], vec![4]];
        assert_eq!(strongly_connected(&graph), [vec![3], vec![1, 2], vec![0], vec![4]]);
        #[cfg(feature = "objects")]
        assert_eq!(super::sources(&graph), [vec![0], vec![4]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 200_000;
        let chain: Vec<Vec<usize>> = (0..count).map(|it| if it + 1 < count { vec![it + 1] } else { vec![] }).collect();
        assert_eq!(strongly_connected(&chain).len(), count);
    }
}
