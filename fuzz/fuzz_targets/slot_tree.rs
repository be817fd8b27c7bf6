//! The slot tree against the standard map, with a clone that must stay as it was and can be told from what became of it.
#![no_main]

use std::collections::BTreeMap;

use diptych::store::tree::Slots;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|steps: Vec<(u8, u32)>| {
    let (mut tree, mut model) = (Slots::new(), BTreeMap::new());
    let mut kept = (tree.clone(), model.clone());
    for (what, number) in steps {
        // Mostly near each other, sometimes far apart.
        let slot = if what & 0x80 == 0 { u64::from(number % 512) } else { u64::from(number) << (what & 31) };
        match what % 5 {
            0 | 1 => assert_eq!(tree.insert(slot, number), model.insert(slot, number)),
            2 => assert_eq!(tree.remove(slot), model.remove(&slot)),
            3 => {
                let slots: Vec<u64> = (slot..slot + u64::from(what)).collect();
                let (mut mine, mut theirs) = (Vec::new(), Vec::new());
                tree.remove_sorted(&slots, |slot, it| mine.push((slot, it)));
                theirs.extend(slots.iter().filter_map(|it| model.remove_entry(it)));
                assert_eq!(mine, theirs);
            }
            _ => kept = (tree.clone(), model.clone()),
        }
        assert_eq!(tree.rank(slot), model.range(..slot).count());
        assert!(tree.iter_from(slot).take(3).map(|it| it.0).eq(model.range(slot..).take(3).map(|it| *it.0)));
    }
    let mut changed = Vec::new();
    kept.0.diff(&tree, |a, b| a == b, |slot, before, after| changed.push((slot, before, after)));
    let slots: std::collections::BTreeSet<u64> = kept.1.keys().chain(model.keys()).copied().collect();
    let slots = slots.into_iter().map(|it| (it, kept.1.get(&it), model.get(&it)));
    assert!(changed.into_iter().eq(slots.filter(|it| it.1 != it.2)));
    for (tree, model) in [(&tree, &model), (&kept.0, &kept.1)] {
        tree.audit().expect("a sound tree");
        assert!(tree.iter().eq(model.iter().map(|(slot, it)| (*slot, it))));
    }
});
