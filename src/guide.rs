//! From SQLAlchemy to Diptych: what is called what.
//!
//! The concepts are the same, and so are most names. Three things are different by intent. A struct is the row, and
//! relations are no fields: verbs of the session move them, so nothing that looks like a field runs a statement. Reading
//! takes `&Session`, changing takes `&mut Session`. And what an object is reached by is a [`Ref`](crate::Ref): `Copy`,
//! typed, valid or refused.
//!
//! # Declaring
//!
//! | there | here |
//! |---|---|
//! | `class User(Base)`, `mapped_column` | `#[derive(Entity)] struct User { … }` |
//! | `primary_key=True` | `#[key]`; `#[key(auto)]` where the table gives it |
//! | `ForeignKey("users.id", ondelete="CASCADE")` | `#[references(User, on_delete = cascade)]` |
//! | `relationship()` of the side with the key | `#[belongs_to(author: User, via = author_id)]` |
//! | `relationship()` of the other side | `#[has_many(posts: Post)]`; with `uselist=False`: `#[has_one(profile: Profile)]` |
//! | `secondary=` | `#[many_to_many(tags: Tag, through = "post_tags")]` |
//! | `back_populates=` | `inverse = …`, verified when the model is built |
//! | `foreign_keys=` | `via = …` |
//! | `cascade="all, delete-orphan"` | `cascade(all, delete_orphan)` |
//! | `order_by=`, `passive_deletes=`, `passive_updates=`, `join_depth=` | the same words |
//! | `backref="author"` | [`Relationship::backref`](crate::object::Relationship::backref), for classes made at run time; a lint prefers `inverse` on both sides |
//! | `remote_side=[id]` | nothing: the side with the key is `belongs_to`, also where both are one class |
//! | `collection_class=set`, `ordering_list("position")` | `collection = set`; `order_by(position), ordered` |
//! | `hybrid_property`, `hybrid_method` | functions that return a [`Hybrid`](crate::object::Hybrid): one definition for rows and queries |
//! | `association_proxy("votes", "user", creator=f)` | `Post::votes.through(Vote::user).creating(f)`: a [`Proxy`](crate::object::Proxy) |
//! | a generic reference: a name of a table beside a number | [`one_of!`](crate::one_of): an enum over foreign keys, one for each class |
//! | `lazy="selectin"` | `lazy = selectin`; all the strategies have their names there |
//! | `primaryjoin=`, `secondaryjoin=` | `primary_join`, `secondary_join`: typed expressions |
//! | `viewonly=True`, `post_update=True`, `single_parent=True` | `view_only`, `post_update`, `single_parent` |
//! | `version_id_col` | `#[version]` |
//! | `class Engineer(Employee)` | a field `#[base] employee: Employee`; the row begins with that of its base, and derefs to it |
//! | `polymorphic_on`, `polymorphic_identity` | `#[entity(discriminator = kind, identity = "employee")]`, and `identity` in each subclass |
//! | single, joined, concrete table inheritance | nothing, `table = "engineers"` or `concrete = "engineers"` beside `identity` |
//! | `polymorphic_load="selectin"`, `"inline"` | `#[entity(load = selectin)]`, `load = inline` |
//! | `polymorphic_abstract=True` | `#[entity(abstract)]` in place of `identity`, also beside `table = "…"`; [`Polymorphic::without_rows`](crate::object::Polymorphic::without_rows) |
//! | a row whose discriminator is NULL is one of the base | an error of the query that finds it: it is of no class |
//! | `with_polymorphic="*"`; `ConcreteBase` | `#[entity(with_subclasses)]`; `union`, which collections of the base read, too |
//! | a generic association, a discriminator beside a key | [`one_of!`](crate::one_of): an enum, a foreign key for each class, and a CHECK |
//! | a migration of a database in memory | [`Database::altered_to`](crate::Database::altered_to)`::<(User, Post)>()?`: the same rows under other entities |
//! | `configure_mappers()` | [`Database::of`](crate::Database::of): all mistakes of a model at once |
//! | reflection, `automap`, classes made at run time | [`Class`](crate::object::Class), [`Relationship`](crate::object::Relationship), [`Session::untyped`](crate::Session::untyped) |
//!
//! # Working
//!
//! | there | here |
//! |---|---|
//! | `Session(engine)` | [`Database::session`](crate::Database::session) |
//! | `with Session.begin() as s:` | [`Database::transaction`](crate::Database::transaction), which retries a lost race |
//! | `session.add(User(…))` | `let alice = session.add(User { … })` |
//! | `post.author = alice` | `session.set(post, Post::author, alice)?`; alice may be of a class that extends that of authors |
//! | `alice.posts.append(post)`, `.remove`, `= [ … ]`, `.clear()` | `session.push(alice, User::posts, post)?`, `remove`, `replace`, `clear` |
//! | `album.tracks.insert(0, track)`, an `ordering_list` that is reordered | [`session.insert`](crate::Session::insert)`(album, Album::tracks, 0, track)?`, [`move_to`](crate::Session::move_to) |
//! | `attribute_keyed_dict("name")` | [`session.keyed`](crate::Session::keyed)`(album, Album::moods, Mood::name)?`: a map, made when it is asked for |
//! | `post.score += 1` | `session.edit(post)?.score += 1` |
//! | `session.get(User, 1)` | `session.find::<User>(1)?` |
//! | `select(Post).where(Post.score > 1).order_by(…).limit(20)` | `Post::select().filter(Post::score.gt(1)).order_by(…).limit(20)` |
//! | `Post.author.has(…)`, `User.posts.any(…)` | the same words |
//! | `join(Post.author).where(User.name == …).order_by(User.name)`, `contains_eager` | `.join(Post::author.join().filter(…).order_by(User::name).eager())` |
//! | `options(selectinload(Post.replies).joinedload(Post.author))` | `.with(Post::replies.selectin().then(Post::author.joined()))` |
//! | `with_polymorphic(Employee, [Engineer])`, `selectin_polymorphic` | [`Query::with_subclass`](crate::Query::with_subclass)`::<Engineer>(SubclassLoad::Inline)`, `Selectin` |
//! | `selectinload(Company.employees).options(selectin_polymorphic(…))` | `Company::employees.selectin().with_subclass::<Engineer>(SubclassLoad::Selectin)`; also of `query_of` |
//! | `Engineer.name`, which `Employee` declares | `Employee::name`, in queries on engineers too: a constant is of the struct that has the field |
//! | `where(Engineer.language == "C")` in such a query | `.filter(Engineer::language.eq("C").upcast())`, which reads engineers along |
//! | `Company.employees.of_type(Engineer).any(Engineer.language == "C")` | `Company::employees.any(Engineer::language.eq("C").upcast())` |
//! | `selectinload(Engineer.tools)` in a query on `Employee` | [`Query::with_of`](crate::Query::with_of)`(Engineer::tools.selectin())` |
//! | `isinstance(employee, Engineer)` | `session.downcast::<Engineer>(employee)?`; `view.downcast::<Engineer>()?`; back by `engineer.upcast()` |
//! | `contains_eager`, `selectinload(Post.replies.and_(…))` show a part | the same; [`View::is_partial`](crate::View::is_partial) says so, and a delete or `replace` reads the rest first |
//! | `select(exists().where(…))` | `session.count(Post::select().filter(…))? > 0`, which an index answers |
//! | `select(Post.author_id, func.count()).group_by(…)` | [`session.execute`](crate::Session::execute)`(Select::from("posts")…)`: rows, in the session's transaction |
//! | `deferred()`, `load_only`, `defer`, `undefer`, `column_property` | of classes at run time: [`Class::deferred`](crate::object::Class::deferred), [`Columns`](crate::object::Columns), [`Class::computed`](crate::object::Class::computed); a struct is always read whole, since the row is shared and not copied |
//! | `aliased(Post)` in a join | of queries by name: [`Along::alias`](crate::object::Along); [`descendants`](crate::Session::descendants) for trees |
//! | `raiseload("*")` and other wildcards | [`Query::otherwise`](crate::Query::otherwise) |
//! | `yield_per(1000)` | [`Session::each_chunk`](crate::Session::each_chunk) |
//! | `execution_options(populate_existing=True)` | [`Session::populate_existing`](crate::Session::populate_existing) |
//! | `post.author` (may run a statement) | `view.load(Post::author)?` |
//! | `post.author`, loaded by the query | `view.get(Post::author)`: does not compile unless the query loads it |
//! | `inspect(post).unloaded` | `view.loaded(Post::author)`, an error where it is not loaded |
//! | `session.flush()`, `commit()`, `rollback()`, `begin_nested()` | `flush`, `commit`, `rollback`; `savepoint`, `release`, `rollback_to` |
//! | `session.expire(x)`, `refresh(x)`, `expunge(x)`, `delete(x)`, `close()` | the same words |
//! | `expire(x, ["name"])`, `refresh(x, ["posts"])` | `expire_field(x, User::name)`, `refresh_relation(x, User::posts)`, … |
//! | `session.execute(insert(User), [ … ])` | [`Session::insert_many`](crate::Session::insert_many) |
//! | `update(Post).where(…).values(score=0)`, `synchronize_session` | [`session.update_where`](crate::Session::update_where)`(Post::select().filter(…), [Post::score.becomes(0)], Synchronize::Auto)?` |
//! | `delete(Post).where(…)` | [`session.delete_where`](crate::Session::delete_where)`(Post::select().filter(…), Synchronize::Auto)?` |
//! | the identity map refers weakly | [`keep_at_most`](crate::Session::keep_at_most), [`let_go`](crate::Session::let_go): it holds what it has met until it is told otherwise |
//! | `session.merge(detached)` | [`merge`](crate::Session::merge), of a struct or of a [`Detached`](crate::object::Detached) copy: `view.detach()` |
//! | `user.posts.select().where(…)` of `lazy="write_only"`, `"dynamic"` | [`session.query_of(user, User::posts)`](crate::Session::query_of)`.filter(…)` |
//! | `with session.no_autoflush:` | [`Session::no_autoflush`](crate::Session::no_autoflush) |
//! | `Post.author == alice`, `Post.tags.contains(tag)` | `Post::author.is(alice)`, `Post::tags.contains(tag)` |
//! | `scoped_session(factory, scopefunc)` | [`SessionScope::new`](crate::object::SessionScope::new)`(move \|\| database.session())`; then `scope.here(\|session\| …)?` of the thread, `scope.with(key, \|session\| …)?` of a request |
//! | `autoflush=False`, `expire_on_commit=False` | [`set_autoflush`](crate::Session::set_autoflush), [`set_expire_on_commit`](crate::Session::set_expire_on_commit) |
//! | `event.listen(target, "append", f)` on one session's objects | [`Session::on`](crate::Session::on)`(Append(User::posts), f)`; told when the call has done its work |
//! | `event.listen(User.posts, "append", f)`, `event.listen(Session, "before_flush", f)` | [`Database::on`](crate::Database::on), for every session |
//! | `@validates("email")` | `Database::on(RowStep::BeforeInsert.of::<User>(), f)`, and `BeforeUpdate`: an error of `f` gives the flush up |
//! | the warning "Multiple rows returned with uselist=False" | an error, [`Misuse::NotOne`](crate::error::Misuse::NotOne); [`set_surplus_noted`](crate::Session::set_surplus_noted) takes the first and notes the others |
//! | `session.new`, `.dirty`, `.deleted` | [`session.untyped().contents()`](crate::object::Untyped::contents) |
//! | `make_transient(x)`, `make_transient_to_detached(x)` | [`session.untyped().make_transient`](crate::object::Untyped::make_transient), [`make_detached`](crate::object::Untyped::make_detached) |
//! | `inspect(x).pending`, `.persistent`, … | [`Session::state`](crate::Session::state) |
//! | `inspect(x).attrs.name.history`, of a collection too | [`changes_of`](crate::Session::changes_of)`(x, User::name)`, [`changes_along`](crate::Session::changes_along)`(x, User::posts)` |
//! | a recursive `cte()` with `aliased()` | [`descendants`](crate::Session::descendants)`(forum, Forum::children, None)`, [`ancestors`](crate::Session::ancestors) |
//! | an identity map of weak references | objects stay until [`let_go`](crate::Session::let_go), or [`let_go_of_all`](crate::Session::let_go_of_all) |
//! | `echo=True` | [`Session::observe`](crate::Session::observe) |
//! | counting statements in a test | [`assert_statements!`](crate::assert_statements)`(session, 2, { … })` |
//! | looking for N + 1 in the echo | [`Session::diagnose`](crate::Session::diagnose): the relation, the line, and the option that mends it; [`assert_no_n_plus_one!`](crate::assert_no_n_plus_one) |
//! | – | [`Session::plan_flush`](crate::Session::plan_flush) and [`plan_delete`](crate::Session::plan_delete): what would happen; [`delete_as_planned`](crate::Session::delete_as_planned): that, or nothing |
//! | printing objects one by one | [`Session::dump_graph`](crate::Session::dump_graph): all that the session holds, as text; [`Database::dump_rows`](crate::Database::dump_rows): the same as rows |
//! | – | [`Database::fork`](crate::Database::fork): the same database again, in microseconds |
//!
//! # The same data, read twice
//!
//! What makes objects and rows hard to reconcile is not hidden: each reading can be asked for.
//!
//! | | objects | rows |
//! |---|---|---|
//! | identity | one key is one object of a session, from wherever it is reached | two reads are two values that are equal |
//! | direction | either side of a relation knows the other | the foreign key stands on one side |
//! | order | a collection is a list, as it was added to until it is read again | a table is a set; a query says its order |
//! | absence | none, empty and not loaded are three answers | NULL, or no row |
//! | extent | what was loaded, as old as its reading | everything, now |
//!
//! ```
//! use diptych::prelude::*;
//!
//! #[derive(Entity, Clone, Debug)]
//! #[has_many(posts: Post, inverse = author)]
//! struct User { #[key(auto)] id: Id<User> }
//!
//! #[derive(Entity, Clone, Debug)]
//! #[belongs_to(author: User, inverse = posts)]
//! struct Post { #[key(auto)] id: Id<Post>, #[references(User)] author_id: Option<Id<User>> }
//!
//! # fn main() -> diptych::Result<()> {
//! let database = Database::of::<(User, Post)>()?;
//! database.transaction(|session| {
//!     let ada = session.add(User::draft());
//!     session.push(ada, User::posts, Post::draft())?;
//!     session.add(Post::draft());
//!     Ok(())
//! })?;
//! let session = database.session();
//! let ada = session.one(User::select())?;
//! assert!(ada.loaded(User::posts).is_err(), "not loaded");
//! let post = ada.load(User::posts)?.first().expect("there is one");
//! assert_eq!(post.load(Post::author)?, Some(ada), "the same object, and the other direction");
//! let lost = session.one(Post::select().filter(Post::author_id.is_null()))?;
//! assert!(lost.load(Post::author)?.is_none(), "none");
//! assert_eq!(session.dump_graph().to_string(), "\
//! User[1]
//!    id = 1
//!    posts: Post[1]
//! Post[1]
//!    id = 1, author_id = 1
//!    author: User[1]
//! Post[2]
//!    id = 2, author_id = NULL
//!    author: none
//! ");
//! assert_eq!(database.dump_rows().to_string(), "\
//! users
//!    id
//!    1
//! posts
//!    id | author_id
//!    1  | 1
//!    2  | NULL
//! ");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! | there | here |
//! |---|---|
//! | `IntegrityError` | [`Error::violation`](crate::Error::violation): constraint, columns, values and the rows in the way; [`in_flush`](crate::Error::in_flush) names the object and the line |
//! | `StaleDataError` | [`Misuse::Stale`](crate::error::Misuse::Stale) |
//! | `DetachedInstanceError` | [`Misuse::Detached`](crate::error::Misuse::Detached); a reference of another session: `WrongSession` |
//! | `ObjectDeletedError`, `NoResultFound`, `MultipleResultsFound` | [`Misuse::NotFound`](crate::error::Misuse::NotFound), [`Misuse::NotOne`](crate::error::Misuse::NotOne) |
//! | `raiseload`: "is not available due to lazy='raise'" | [`Misuse::NotLoaded`](crate::error::Misuse::NotLoaded), which says what would load it |
//! | `ArgumentError`, `AmbiguousForeignKeysError` when mappers are configured | [`ErrorKind::Declaration`](crate::error::ErrorKind::Declaration): all mistakes of the model, each with the line to write |
//!
//! Where a session behaves otherwise than SQLAlchemy by intent, [`Manner`](crate::object::Manner) has SQLAlchemy's way as
//! well; DESIGN.md in the repository lists the differences with their reasons.
//!
//! # An example
//!
//! ```
//! use diptych::prelude::*;
//!
//! #[derive(Entity, Clone, Debug)]
//! #[has_many(posts: Post, inverse = author, cascade(all, delete_orphan))]
//! struct User {
//!     #[key(auto)]
//!     id: Id<User>,
//!     name: String,
//! }
//!
//! #[derive(Entity, Clone, Debug)]
//! #[belongs_to(author: User, via = author_id, inverse = posts)]
//! struct Post {
//!     #[key(auto)]
//!     id: Id<Post>,
//!     #[references(User)]
//!     author_id: Id<User>,
//!     body: String,
//! }
//!
//! # fn main() -> diptych::Result<()> {
//! let database = Database::of::<(User, Post)>()?;
//! let mut session = database.session();
//! let alice = session.add(User { name: "Alice".into(), ..User::draft() });
//! let post = session.push(alice, User::posts, Post { body: "First!".into(), ..Post::draft() })?;
//! assert_eq!(session.get(post)?.load(Post::author)?.name, "Alice", "both sides, before any flush");
//! session.commit()?;
//!
//! session.remove(alice, User::posts, post)?;
//! session.commit()?;
//! assert_eq!(session.count(Post::select())?, 0, "an orphan is deleted");
//! # Ok(())
//! # }
//! ```
