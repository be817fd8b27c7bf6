//! The ordered tree against the standard set, with a clone that must stay as it was.
#![no_main]

use std::collections::BTreeSet;

use diptych::store::tree::Ordered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|steps: Vec<(u8, u16)>| {
    let (mut tree, mut model) = (Ordered::new(), BTreeSet::new());
    let mut kept = (tree.clone(), model.clone());
    for (what, key) in steps {
        match what % 6 {
            0 | 1 => assert_eq!(tree.insert(key), model.insert(key)),
            2 => assert_eq!(tree.remove(&key), model.remove(&key)),
            3 => {
                let keys: Vec<u16> = (key..key.saturating_add(u16::from(what))).step_by(3).collect();
                let added = keys.iter().filter(|it| model.insert(**it)).count();
                assert_eq!(tree.insert_sorted(keys), added);
            }
            4 => {
                let keys: Vec<u16> = (key..key.saturating_add(u16::from(what))).collect();
                assert_eq!(tree.remove_sorted(&keys), keys.iter().filter(|it| model.remove(it)).count());
            }
            _ => kept = (tree.clone(), model.clone()),
        }
        assert_eq!(tree.rank_by(|it| *it < key), model.range(..key).count());
        assert!(tree.seek(|it| *it < key).take(3).eq(model.range(key..).take(3)));
    }
    for (tree, model) in [(tree, model), kept] {
        tree.audit().expect("a sound tree");
        assert!(tree.iter().eq(&model));
        assert_eq!((tree.first(), tree.last(), tree.nth(7)), (model.first(), model.last(), model.iter().nth(7)));
    }
});
