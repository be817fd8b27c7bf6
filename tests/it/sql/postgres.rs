//! SQL as people with PostgreSQL in their fingers write it. The answers are those of PostgreSQL 15.

use diptych::sql::{SqlDialect, SqlSession};
use diptych::{Database, Error, Schema, Value};

const PEOPLE: &str = "
    CREATE TABLE teams (id serial PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, parent_id int REFERENCES teams (id));
    CREATE TABLE people (
        id bigserial PRIMARY KEY, name text NOT NULL, team_id int REFERENCES teams (id), pay double precision, n int,
        active boolean NOT NULL DEFAULT true
    );
    INSERT INTO teams (name, parent_id) VALUES ('Head', null), ('Sales', 1), ('Tech', '1');
    INSERT INTO people (name, team_id, pay, n, active) VALUES
        ('Ann', 1, 9000.5, '7', 't'), ('Bob', '2', '5000', null, 'yes'), ('Cid', 2, 4500, 3, 'off'), ('Dee', 3, 7000, 2, 'f');
";

fn session() -> SqlSession {
    let mut sql = Database::new(Schema::builder().build().unwrap()).sql().dialect(SqlDialect::Postgres);
    sql.run(PEOPLE, ()).unwrap();
    sql
}

fn rows(sql: &mut SqlSession, text: &str) -> String {
    let outcome = sql.run(text, ()).unwrap_or_else(|error| panic!("{text}: {error:#}"));
    let cell = |it: &Value| match it {
        Value::Bool(holds) => holds.to_string(),
        other => other.to_string(),
    };
    let row = |it: &Vec<Value>| it.iter().map(cell).collect::<Vec<_>>().join(", ");
    outcome.rows.iter().map(row).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn refused(sql: &mut SqlSession, text: &str) -> String {
    match sql.run(text, ()) {
        Ok(outcome) => panic!("{text} brings {outcome:?}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn bring(sql: &mut SqlSession, all: &[(&str, &str)]) {
    for (text, expected) in all {
        assert_eq!(rows(sql, text), *expected, "{text}");
    }
}

/// A quoted constant is what stands beside it, a column that takes it among others; what it cannot be is refused.
#[test]
fn quoted_constants_are_what_they_are_beside() {
    let mut sql = session();
    bring(
        &mut sql,
        &[
            ("SELECT id FROM people WHERE id = '2' OR n > '3' ORDER BY id", "1; 2"),
            ("SELECT id FROM people WHERE pay BETWEEN '4500' AND '5000' AND id IN ('2', '3') ORDER BY id", "2; 3"),
            ("SELECT id FROM people WHERE active = 'no' ORDER BY id", "3; 4"),
            ("SELECT 1 = '1', '2' > 1, true = 't', 'f' IS NOT DISTINCT FROM false", "true, true, true, true"),
            ("SELECT '5' + 1, 10 / '4', '2' * 3.5", "6, 2, 7.0"),
            (
                "SELECT coalesce(n, '0'), CASE n WHEN '7' THEN 1 ELSE '0' END FROM people ORDER BY id",
                "7, 1; 0, 0; 3, 0; 2, 0",
            ),
            ("SELECT greatest(1, '5'), 'yes'::boolean, '12'::int, 't'::bool", "5, true, 12, true"),
            ("UPDATE people SET n = '12', active = 'on' WHERE id = '3' RETURNING n, active", "12, true"),
            ("INSERT INTO people (name, n) VALUES (12, 4) RETURNING name", "'12'"),
            ("SELECT id FROM people WHERE name = '12'", "5"),
        ],
    );
    for text in [
        "SELECT 1 = 'x'",
        "SELECT id FROM people WHERE id = 'abc'",
        "SELECT id FROM people WHERE active = 'perhaps'",
        "UPDATE people SET n = 'x'",
        "INSERT INTO people (name, active) VALUES ('x', 'maybe')",
        "INSERT INTO people (name, active) VALUES ('x', 1)",
    ] {
        refused(&mut sql, text);
    }
    assert_eq!(rows(&mut sql, "SELECT count(*), sum(n) FROM people"), "5, 25");
}

/// DISTINCT ON takes the first of those that agree, in the order of the query.
#[test]
fn distinct_on_takes_the_first() {
    let mut sql = session();
    bring(
        &mut sql,
        &[
            (
                "SELECT DISTINCT ON (team_id) team_id, name FROM people ORDER BY team_id, pay DESC",
                "1, 'Ann'; 2, 'Bob'; 3, 'Dee'",
            ),
            (
                "SELECT DISTINCT ON (team_id) name, pay * 2 FROM people ORDER BY team_id DESC, id LIMIT 2",
                "'Dee', 14000.0; 'Bob', 10000.0",
            ),
            ("SELECT DISTINCT ON (1) active AS a, id FROM people ORDER BY a, id DESC", "false, 4; true, 2"),
            (
                "SELECT x.id FROM (SELECT DISTINCT ON (team_id) * FROM people p ORDER BY team_id, p.id DESC) x WHERE x.id > 1 ORDER BY 1",
                "3; 4",
            ),
            (
                "SELECT DISTINCT ON (count(*)) team_id, count(*) FROM people GROUP BY team_id ORDER BY count(*), team_id DESC",
                "3, 1; 2, 2",
            ),
        ],
    );
}

/// Columns without a name of their own are called by their function, and seen so from around.
#[test]
fn outputs_are_called_by_their_functions() -> Result<(), Error> {
    let mut sql = session();
    let text = "SELECT count(*), 1, n + 1, upper(name), CASE WHEN n > 1 THEN 1 END, n::text, '1'::int, EXISTS (SELECT 1), \
                coalesce(n, 1), (SELECT max(id) FROM people), -n, trim(name) FROM people GROUP BY n, name LIMIT 1";
    let names = [
        "count", "?column?", "?column?", "upper", "case", "n", "int4", "exists", "coalesce", "max", "?column?", "btrim",
    ];
    assert_eq!(*sql.run(text, ())?.columns, names);
    assert_eq!(rows(&mut sql, "SELECT s.sum, count FROM (SELECT sum(n), count(*) FROM people) s"), "12, 4");
    // WHERE and HAVING do not see the names that outputs are given.
    assert!(refused(&mut sql, "SELECT n * 2 AS twice FROM people WHERE twice > 1").contains("no column `twice`"));
    assert!(
        refused(&mut sql, "SELECT n AS m, count(*) AS c FROM people GROUP BY m HAVING c > 1").contains("no column `c`")
    );
    assert_eq!(
        rows(&mut sql, "SELECT team_id AS t, count(*) AS c FROM people GROUP BY t ORDER BY c DESC, t LIMIT 1"),
        "2, 2"
    );
    Ok(())
}

/// A text that its type is too short for is refused.
#[test]
fn texts_are_as_long_as_their_type_lets_them_be() {
    let mut sql = session();
    sql.run("CREATE TABLE t (a varchar(3), b character varying(2) NOT NULL DEFAULT 'x', c char(9))", ()).unwrap();
    bring(&mut sql, &[("INSERT INTO t (a) VALUES ('äbc'), (NULL) RETURNING a, b", "'äbc', 'x'; NULL, 'x'")]);
    assert!(refused(&mut sql, "INSERT INTO t (a) VALUES ('four')").contains("t_a_length"));
    assert!(refused(&mut sql, "UPDATE t SET b = 'abc'").contains("t_b_length"));
}

/// Operators, aggregates and forms that only PostgreSQL has.
#[test]
fn forms_of_postgres() {
    let mut sql = session();
    bring(
        &mut sql,
        &[
            ("SELECT 2 ^ 10, |/ 16.0, @ -3", "1024.0, 4.0, 3"),
            ("SELECT id FROM people WHERE id = ANY(ARRAY[1, 3]) ORDER BY id", "1; 3"),
            ("SELECT id FROM people WHERE id <> ALL(ARRAY[1, 3]) ORDER BY id", "2; 4"),
            ("SELECT bool_and(active), bool_or(active), every(n > 0) FROM people", "false, true, true"),
            ("SELECT ROW(1, 2) = (1, 2), ROW(1, 2) < ROW(1, 3)", "true, true"),
            ("TABLE teams LIMIT 1", "1, 'Head', NULL"),
            (
                "SELECT substring('hello' FOR 2), bit_length('ab'), div(7, 2), quote_literal('a')",
                "'he', 16, 3, '''a'''",
            ),
            ("SET client_encoding = 'UTF8'; SELECT set_config('search_path', '', false)", "''"),
            ("COMMENT ON TABLE teams IS 'who works together'; SELECT 1", "1"),
            (
                "INSERT INTO teams (id, name) VALUES (1, 'X') ON CONFLICT ON CONSTRAINT teams_pkey DO UPDATE SET name = excluded.name RETURNING name",
                "'X'",
            ),
            (
                "INSERT INTO teams (name) VALUES ('Tech') ON CONFLICT ON CONSTRAINT teams_name_key DO NOTHING; SELECT count(*) FROM teams",
                "3",
            ),
        ],
    );
    for (text, problem) in [
        (
            "SELECT 5 BETWEEN SYMMETRIC 9 AND 1",
            "BETWEEN SYMMETRIC is not supported: say BETWEEN least(a, b) AND greatest(a, b)",
        ),
        ("SELECT 'a' ~ 'b'", "there are no regular expressions, but LIKE and ILIKE"),
        ("SELECT 'a' SIMILAR TO 'b'", "there are no regular expressions, but LIKE and ILIKE"),
        ("SELECT ARRAY[1]", "there are no arrays, but in = ANY(ARRAY[…]) and unnest(ARRAY[…])"),
        ("SELECT array_agg(id) FROM people", "there are no arrays; string_agg makes a text of many"),
        ("SELECT n FROM people GROUP BY ROLLUP (n)", "put queries together by UNION ALL, one for each way to group"),
        ("WITH d AS (DELETE FROM people RETURNING *) SELECT * FROM d", "run it as a statement of its own"),
        (
            "INSERT INTO teams (name) VALUES ('x') ON CONFLICT ON CONSTRAINT teams_key DO NOTHING",
            "teams has no unique key `teams_key`",
        ),
    ] {
        let error = refused(&mut sql, text);
        assert!(error.contains(problem), "{text}: {error}");
    }
}

const DUMP: &str = "
\\restrict abc
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.dept (
    id integer NOT NULL,
    name character varying(40) NOT NULL,
    parent_id integer
);
ALTER TABLE public.dept OWNER TO postgres;
CREATE SEQUENCE public.dept_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.dept_id_seq OWNED BY public.dept.id;
CREATE TABLE public.emp (
    id bigint NOT NULL,
    dept_id integer,
    kind text,
    pay numeric(10,2) DEFAULT 0,
    active boolean DEFAULT true NOT NULL,
    CONSTRAINT emp_kind_check CHECK ((kind = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))
);
ALTER TABLE public.emp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.emp_id_seq
    START WITH 1
);
ALTER TABLE ONLY public.dept ALTER COLUMN id SET DEFAULT nextval('public.dept_id_seq'::regclass);
COPY public.dept (id, name, parent_id) FROM stdin;
1\tHead\t\\N
2\tIt's\\ta \\\\ \\\"tab\\\"\t1
\\.


--
-- Data for Name: emp; Type: TABLE DATA
--

COPY public.emp (id, dept_id, kind, pay, active) FROM stdin;
1\t2\ta\t12.50\tt
2\t1\t\\N\t\\N\tf
\\.

SELECT pg_catalog.setval('public.dept_id_seq', 2, true);
ALTER TABLE ONLY public.dept
    ADD CONSTRAINT dept_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.emp
    ADD CONSTRAINT emp_pkey PRIMARY KEY (id);
CREATE INDEX emp_low ON public.emp USING btree (lower(kind)) WHERE active;
ALTER TABLE ONLY public.emp
    ADD CONSTRAINT emp_dept_id_fkey FOREIGN KEY (dept_id) REFERENCES public.dept(id) ON DELETE CASCADE;
\\unrestrict abc
";

/// What `pg_dump` writes is read as it stands: rows behind COPY, keys that are added later and fill themselves.
#[test]
fn a_dump_is_read_as_it_stands() {
    let mut sql = Database::new(Schema::builder().build().unwrap()).sql().dialect(SqlDialect::Postgres);
    bring(
        &mut sql,
        &[
            (DUMP, ""),
            ("SELECT * FROM dept ORDER BY id", "1, 'Head', NULL; 2, 'It''s\ta \\ \"tab\"', 1"),
            ("SELECT * FROM public.emp ORDER BY id", "1, 2, 'a', 12.5, true; 2, 1, NULL, NULL, false"),
            ("INSERT INTO dept (name) VALUES ('new') RETURNING id", "3"),
            ("INSERT INTO emp VALUES (DEFAULT, 3) RETURNING id, pay, active", "3, 0, true"),
            ("DELETE FROM dept WHERE id = 2; SELECT count(*) FROM emp", "2"),
        ],
    );
    assert!(refused(&mut sql, "INSERT INTO emp (kind) VALUES ('c')").contains("emp_kind_check"));
    assert!(refused(&mut sql, "ALTER TABLE emp ADD PRIMARY KEY (kind)").contains("has a primary key already"));
    for text in ["COPY emp FROM 'x.csv'", "COPY emp TO stdout", "COPY FROM (a)", "COPY (", "COPY"] {
        let error = refused(&mut sql, text);
        assert!(error.contains("expected: COPY table (columns) FROM stdin"), "{error}");
    }
    let error = refused(&mut sql, "COPY emp (id, kind) FROM stdin;\n1\n\\.\n");
    assert_eq!(error, "line 1, column 1: row 1 has 1 values for 2 columns");
}

/// TRUNCATE empties tables, those that refer to them only where it is told to, and all or none.
#[test]
fn tables_are_emptied() {
    let mut sql = session();
    let error = refused(&mut sql, "TRUNCATE teams");
    assert_eq!(error, "people refers to teams: name it, too, or say TRUNCATE … CASCADE");
    assert_eq!(rows(&mut sql, "SELECT count(*) FROM teams"), "3");
    bring(
        &mut sql,
        &[
            ("BEGIN; TRUNCATE TABLE teams RESTART IDENTITY CASCADE; SELECT count(*) FROM people", "0"),
            ("INSERT INTO teams (name) VALUES ('new') RETURNING id", "1"),
            ("ROLLBACK; SELECT count(*) FROM people", "4"),
            ("TRUNCATE people; SELECT count(*) FROM teams", "3"),
            ("TRUNCATE teams, people; SELECT count(*) FROM teams", "0"),
        ],
    );
}

/// Columns change whether they may be NULL, and their defaults; rows that are in the way refuse it.
#[test]
fn columns_are_altered() {
    let mut sql = session();
    assert!(refused(&mut sql, "ALTER TABLE people ALTER COLUMN n SET NOT NULL").contains("must not be NULL"));
    bring(
        &mut sql,
        &[
            (
                "UPDATE people SET n = 0 WHERE n IS NULL; ALTER TABLE people ALTER n SET NOT NULL, ALTER n SET DEFAULT '9'",
                "",
            ),
            ("INSERT INTO people (name) VALUES ('Eve') RETURNING n", "9"),
            ("ALTER TABLE people ALTER COLUMN n DROP DEFAULT, ALTER COLUMN n DROP NOT NULL", ""),
            ("INSERT INTO people (name) VALUES ('Fay') RETURNING n", "NULL"),
            ("ALTER TABLE people DROP COLUMN IF EXISTS nobody, ALTER COLUMN n TYPE bigint, OWNER TO me", ""),
            ("ALTER TABLE IF EXISTS nowhere ADD COLUMN a int", ""),
        ],
    );
    // What reads a column goes with it.
    bring(
        &mut sql,
        &[
            ("CREATE INDEX by_n ON people (n, pay); ALTER TABLE people ADD CHECK (n < 100)", ""),
            ("ALTER TABLE people DROP COLUMN n, DROP COLUMN team_id; SELECT count(*) FROM people", "6"),
            ("ALTER TABLE teams DROP COLUMN name; SELECT * FROM teams ORDER BY id LIMIT 1", "1, NULL"),
        ],
    );
    sql.run("ALTER TABLE people ADD COLUMN n bigint", ()).unwrap();
    let error = refused(&mut sql, "ALTER TABLE people ALTER COLUMN n TYPE text USING n::text");
    assert!(error.contains("add a column, UPDATE it"), "{error}");
}
