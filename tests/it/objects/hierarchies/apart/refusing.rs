//! Objects that a relation cannot lead to, because their rows stand where its foreign key says nothing: refused before
//! anything is written, in both manners.

use diptych::error::Misuse;
use diptych::object::{Inheritance, Manner, Polymorphic};
use diptych::prelude::*;
use diptych::{AnyRef, Class, Column, ForeignKey, Relationship, Table};

/// A box of shapes; circles have no box. A sign shows a shape, and shapes have tags, which lead to rows of shapes.
fn signs() -> Database {
    let shape = Table::new("shapes").auto_key("id").column(Column::int("box_id").nullable());
    let shape = shape.foreign_key(ForeignKey::new(["box_id"], "boxes"));
    let sign = Table::new("signs").auto_key("id").column(Column::int("shape_id").nullable());
    let (boxes, circle) = (Table::new("boxes").auto_key("id"), Table::new("circles").auto_key("id"));
    let classes = [
        Class::new("Box", boxes).relation(Relationship::has_many("shapes", "Shape")),
        Class::new("Shape", shape)
            .polymorphic(Polymorphic::default().union("kind").identity("Shape"))
            .relation(Relationship::many_to_many("tags", "Tag", "tagged").inverse("shapes")),
        Class::new("Circle", circle).inherits("Shape").polymorphic(Polymorphic::of(Inheritance::Concrete)),
        Class::new("Sign", sign.foreign_key(ForeignKey::new(["shape_id"], "shapes")))
            .relation(Relationship::belongs_to("shape", "Shape")),
        Class::new("Tag", Table::new("tags").auto_key("id"))
            .relation(Relationship::many_to_many("shapes", "Shape", "tagged").inverse("tags")),
    ];
    Database::with_classes(classes, []).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_a_foreign_key_cannot_say_is_refused() -> Result<()> {
    for manner in [Manner::Sound, Manner::SqlAlchemy] {
        let mut session = signs().session();
        session.set_manner(manner);
        let mut all: Vec<AnyRef> = Vec::new();
        for class in ["Box", "Shape", "Circle", "Sign", "Tag"] {
            all.push(session.untyped().add(class, &[])?);
        }
        let [owner, shape, circle, sign, tag] = all[..] else { panic!("five objects") };
        let mut by_name = session.untyped();
        by_name.push(owner, "shapes", shape)?;
        by_name.set(sign, "shape", Some(shape))?;
        let advice = "declare a relation to `Circle` by a foreign key of its own, or let joined tables hold both";
        let refused = [
            ("Box.shapes", "let `circles` have `box_id`, too", by_name.push(owner, "shapes", circle)),
            ("Box.shapes", "let `circles` have `box_id`, too", by_name.replace(owner, "shapes", &[shape, circle])),
            ("Sign.shape", advice, by_name.set(sign, "shape", Some(circle))),
            ("Tag.shapes", advice, by_name.push(tag, "shapes", circle)),
        ];
        for (relation, advice, outcome) in refused {
            let error = outcome.expect_err(relation);
            let Some(Misuse::StandsApart(it)) = error.misuse() else { panic!("{error}") };
            assert_eq!((&*it.relation, &*it.class, &*it.advice), (relation, "Circle", advice));
            assert_eq!((&*it.table, &*it.leads_to), ("circles", "shapes"));
        }
        session.commit()?;
        let mut by_name = session.untyped();
        assert_eq!(by_name.related(owner, "shapes")?, [shape], "nothing is lost");
        assert_eq!(by_name.related(sign, "shape")?, [shape]);
        assert_eq!(by_name.rows("tagged")?.len(), 0);
        assert_eq!((by_name.rows("shapes")?.len(), by_name.rows("circles")?.len()), (1, 1));
    }
    Ok(())
}

/// The lints speak of what is not read, and of nothing else.
#[test]
fn lints_name_what_is_not_found() -> Result<()> {
    let lints: Vec<String> = signs().lint()?.iter().map(ToString::to_string).collect();
    let about = |place: &str| lints.iter().filter(|it| it.starts_with(place) && it.contains("`Circle`")).count();
    assert_eq!(["Box.shapes: ", "Sign.shape: ", "Tag.shapes: "].map(about), [1, 1, 1], "{lints:#?}");
    let lints: Vec<String> = super::apart().lint()?.iter().map(ToString::to_string).collect();
    assert!(lints.iter().all(|it| !it.starts_with("Box.shapes")), "{lints:#?}");
    Ok(())
}

/// A class of a base that does not say `union` has no inverse that leads to the base.
#[test]
fn an_inverse_that_leads_to_other_rows_is_a_mistake() {
    let table = |name: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::int("box_id").nullable());
        table.foreign_key(ForeignKey::new(["box_id"], "boxes"))
    };
    let back = || Relationship::belongs_to("box", "Box").inverse("shapes");
    let classes = |base: Polymorphic| {
        [
            Class::new("Box", Table::new("boxes").auto_key("id"))
                .relation(Relationship::has_many("shapes", "Shape").inverse("box")),
            Class::new("Shape", table("shapes")).polymorphic(base).relation(back()),
            Class::new("Circle", table("circles"))
                .inherits("Shape")
                .polymorphic(Polymorphic::of(Inheritance::Concrete))
                .relation(back()),
        ]
    };
    assert!(Database::with_classes(classes(Polymorphic::default().union("kind").identity("Shape")), []).is_ok());
    let refused = Database::with_classes(classes(Polymorphic::default()), []).expect_err("it is no union");
    assert!(refused.to_string().contains("leads to rows of `shapes`, not of `circles`"), "{refused}");
}
