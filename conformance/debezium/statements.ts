import { createTypeTables, typeDefinitions, typeRows } from './type-tables.ts'

/** What exists before the connectors start; its rows are the snapshot. */
export const setup: readonly string[] = [
  ...typeDefinitions,
  ...createTypeTables(),
  'create schema inventory',
  'create schema "Odd Schema"',
  `create table customers (
     id serial primary key, first_name varchar(255) not null, last_name varchar(255), email varchar(255) not null unique,
     score numeric(6,2) not null default 1.50, active boolean not null default true, note text default 'none',
     created timestamp(3) not null default '2020-01-01 00:00:00', tag char(3) default 'ab', born date default '2000-01-01')`,
  'create table inventory.orders (region text, number int, placed timestamptz not null, total numeric(10,2), primary key (number, region))',
  'create table no_key (a int, b text)',
  'alter table no_key replica identity full',
  'create table only_unique (a int not null, b text, c int not null)',
  'create unique index only_unique_key on only_unique (c, a)',
  'alter table only_unique replica identity full',
  'create table full_identity (id int primary key, a text, b int not null default 7)',
  'alter table full_identity replica identity full',
  'create table index_identity (id int primary key, code text not null unique, b int)',
  'alter table index_identity replica identity using index index_identity_code_key',
  'create table large (id int primary key, big text, small int, bytes bytea, json jsonb, list int[], words text[], map hstore)',
  'alter table large alter big set storage external, alter bytes set storage external, alter json set storage external, alter list set storage external, alter words set storage external, alter map set storage external',
  'create table large_full (id int primary key, big text, small int)',
  'alter table large_full replica identity full, alter big set storage external',
  'create table parts (id int, at date not null, v text, primary key (id, at)) partition by range (at)',
  "create table parts_2023 partition of parts for values from ('2023-01-01') to ('2024-01-01')",
  "create table parts_2024 partition of parts for values from ('2024-01-01') to ('2025-01-01')",
  'create table "Odd Schema"."Odd.Table-1 ü" ("the Key" int primary key, "a.b" text, "1st" int, "$x" int)',
  'create table generated (id int generated always as identity primary key, a int not null default 3, twice int generated always as (a * 2) stored)',
  `create table defaults (
     id bigserial primary key, i int default 5, b bigint not null default 9007199254740993, n numeric(8,3) default 1.5, f real default 1.25,
     d double precision not null default 0.1, s text not null default 'a''b', bo boolean default false, da date default '2024-02-29',
     ts timestamp default '2024-02-29 12:34:56.5', tz timestamptz default '2024-02-29 12:34:56+02', t time default '01:02:03',
     now timestamptz default now(), u uuid default gen_random_uuid(), j jsonb default '{"a": 1}', e mood default 'ok', by bytea default '\\xdead',
     arr int[] default '{1,2}', iv interval default '1 day', m money default 2.5, bi bit(3) default B'101', x text default upper('x'),
     cd date default current_date, nn numeric default 12.50, vc varchar(20) default 'vc'::varchar, nul text default null)`,
  'create table secrets (id int primary key, card text, phone varchar(30), comment text, salary int, email text)',
  'create table excluded (id int primary key)',
  'create table quiet (id int primary key, seen text, unseen text)',
  'alter table quiet replica identity full',
  'create table done (id int primary key)',
  "insert into customers (first_name, last_name, email) values ('Ann', 'A', 'ann@example.com'), ('Bob', null, 'bob@example.com'), ('Cid', 'C', 'cid@example.com')",
  "insert into inventory.orders values ('eu', 1, '2024-01-01 00:00:00+00', 10), ('us', 1, '2024-01-01 00:00:00.5+00', null)",
  "insert into no_key values (1, 'one')",
  "insert into full_identity values (1, 'a', 1), (2, 'b', 2)",
  "insert into index_identity values (1, 'one', 1), (2, 'two', 2)",
  `insert into large values (1, repeat('x', 3000), 1, decode(repeat('ab', 3000), 'hex'), jsonb_build_object('k', repeat('y', 3000)), array(select generate_series(1, 2000)), array(select repeat('w', 20) from generate_series(1, 300)), hstore('k', repeat('z', 3000)))`,
  "insert into large_full values (1, repeat('x', 3000), 1)",
  "insert into parts values (1, '2023-05-01', 'a'), (2, '2024-05-01', 'b')",
  `insert into "Odd Schema"."Odd.Table-1 ü" values (1, 'x', 2, 3)`,
  'insert into generated (a) values (4)',
  'insert into defaults default values',
  "insert into secrets values (1, '4111111111111111', '+49 30 1234567', 'a long comment', 1000, 'ann@example.com')",
  ...typeRows(1),
]

/** One transaction; `pause` waits until everyone has read it, and the catalog for it. */
export interface Step {
  readonly name: string
  readonly sql: readonly string[]
  readonly pause?: boolean
  /** Happens while nobody reads: all connectors are stopped before it and started after it. */
  readonly restart?: boolean
}

const step = (name: string, ...sql: string[]): Step => ({ name, sql })
const change = (name: string, ...sql: string[]): Step => ({ name, sql, pause: true })
const missed = (name: string, ...sql: string[]): Step => ({ name, sql, restart: true })
const oddTable = '"Odd Schema"."Odd.Table-1 ü"'

/** What happens while the connectors run. */
export const steps: readonly Step[] = [
  step('insert', "insert into customers (first_name, email) values ('Dan', 'dan@example.com')"),
  step(
    'insert of several rows',
    "insert into customers (first_name, email) values ('Eve', 'eve@example.com'), ('Fay', 'fay@example.com')",
  ),
  step('update', "update customers set last_name = 'B' where id = 2"),
  step('update to null', 'update customers set last_name = null where id = 1'),
  step('update of nothing', "update customers set last_name = 'B' where id = 2"),
  step('update without rows', 'update customers set note = null where id = 999'),
  step('update of all rows', 'update customers set score = score + 1'),
  step('delete', 'delete from customers where id = 3'),
  step('change of the primary key', 'update customers set id = 100 where id = 1'),
  step(
    'change of the primary key back and forth',
    'update customers set id = 101 where id = 100',
    'update customers set id = 1 where id = 101',
  ),
  step(
    'the same row in one transaction',
    "insert into customers (id, first_name, email) values (50, 'Gus', 'gus@example.com')",
    "update customers set note = 'again' where id = 50",
    'delete from customers where id = 50',
  ),
  step(
    'several tables in one transaction',
    "insert into customers (first_name, email) values ('Hal', 'hal@example.com')",
    "insert into inventory.orders values ('eu', 2, '2024-02-29 12:34:56.123456+02', 1.5)",
    "insert into no_key values (2, 'two')",
  ),
  step(
    'insert or update',
    "insert into customers (id, first_name, email) values (2, 'Bob', 'bob@example.com') on conflict (id) do update set note = 'kept'",
  ),
  step(
    'savepoint rolled back',
    "insert into no_key values (3, 'kept')",
    'savepoint s',
    "insert into no_key values (4, 'lost')",
    'rollback to savepoint s',
    "insert into no_key values (5, 'kept')",
  ),
  step('a compound key', "update inventory.orders set total = 7 where number = 1 and region = 'eu'"),
  step(
    'change of one part of a compound key',
    "update inventory.orders set region = 'de' where number = 1 and region = 'eu'",
  ),
  step('delete with a compound key', "delete from inventory.orders where region = 'us'"),
  missed(
    'while all connectors are stopped',
    "insert into customers (first_name, email) values ('Ivy', 'ivy@example.com'), ('Jim', 'jim@example.com')",
    "insert into no_key values (6, 'six')",
  ),
  step('update without a key', "update no_key set b = 'changed' where a = 1"),
  step('delete without a key', 'delete from no_key where a = 2'),
  step(
    'unique index instead of a primary key',
    "insert into only_unique values (1, 'x', 2)",
    "update only_unique set b = 'y'",
    'update only_unique set a = 3',
    'delete from only_unique',
  ),
  step('full identity', "update full_identity set a = 'changed' where id = 1"),
  step('full identity, key changed', 'update full_identity set id = 10 where id = 1'),
  step('full identity, delete', 'delete from full_identity where id = 2'),
  step('identity of an index', 'update index_identity set b = 5 where id = 1'),
  step('identity of an index, its column changed', "update index_identity set code = 'uno' where id = 1"),
  step('identity of an index, primary key changed', 'update index_identity set id = 20 where id = 2'),
  step('identity of an index, delete', 'delete from index_identity where id = 20'),
  change('large values untouched', 'update large set small = 2 where id = 1'),
  change('large values changed', "update large set big = repeat('y', 3000) where id = 1"),
  change('large values, key changed', 'update large set id = 2 where id = 1'),
  change('large values, delete', 'delete from large where id = 2'),
  step('large values untouched under full identity', 'update large_full set small = 2 where id = 1'),
  step('truncate', 'truncate no_key'),
  step('truncate of two tables', 'truncate full_identity, only_unique'),
  step(
    'rows of a partitioned table',
    "insert into parts values (3, '2023-06-01', 'c'), (4, '2024-06-01', 'd')",
    "update parts set v = 'e' where id = 3",
    "update parts set at = '2024-07-01' where id = 3",
    'delete from parts where id = 4',
  ),
  step(
    'names that need quotes',
    `insert into ${oddTable} values (2, 'y', 3, 4)`,
    `update ${oddTable} set "a.b" = null where "the Key" = 2`,
    `delete from ${oddTable} where "the Key" = 2`,
  ),
  step('generated columns', 'insert into generated default values', 'update generated set a = 9 where id = 1'),
  step('default values', 'insert into defaults default values'),
  step(
    'default values replaced by nulls',
    'insert into defaults (i, n, f, bo, da, ts, tz, t, now, u, j, e, by, arr, iv, m, bi, x, cd, nn, vc) values (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)',
  ),
  step(
    'sensitive values',
    "insert into secrets values (2, '5500000000000004', '+1 555 0100', 'short', 2000, 'bob@example.com'), (3, null, null, null, null, null)",
    "update secrets set card = '5500000000000005' where id = 2",
    'delete from secrets where id = 3',
  ),
  step('a table that is left out', 'insert into excluded values (1)'),
  step(
    'changes of columns that nobody sees',
    "insert into quiet values (1, 'a', 'b')",
    "update quiet set unseen = 'c'",
    "update quiet set seen = 'd'",
  ),
  step('message of the application', "select pg_logical_emit_message(true, 'app', 'hello')"),
  step(
    'message of the application in bytes',
    "select pg_logical_emit_message(true, 'bin', '\\xdeadbeef'::bytea)",
    'insert into excluded values (2)',
  ),
  step('message outside of the transaction', "select pg_logical_emit_message(false, 'now', 'direct')"),
  step('message under another prefix', "select pg_logical_emit_message(true, 'other.prefix', 'x')"),
  change('column added', 'alter table customers add column phone text'),
  change(
    'row with the added column',
    "insert into customers (first_name, email, phone) values ('Ida', 'ida@example.com', '1')",
  ),
  change('column added with a default', 'alter table customers add column level int not null default 3'),
  change(
    'rows with the added default',
    "insert into customers (first_name, email) values ('Jan', 'jan@example.com')",
    'delete from customers where id = 4',
  ),
  change('column renamed', 'alter table customers rename column note to remark'),
  change('row with the renamed column', "update customers set remark = 'renamed' where id = 2"),
  change('column dropped', 'alter table customers drop column phone'),
  change('row without the dropped column', "update customers set remark = 'dropped' where id = 2"),
  change(
    'type of a column changed',
    'alter table customers alter column level type bigint, alter column score type numeric(12,4)',
  ),
  change('row with the changed type', 'update customers set level = 9007199254740993 where id = 2'),
  change(
    'primary key replaced',
    'alter table index_identity drop constraint index_identity_pkey, add primary key (code)',
  ),
  change('row with the replaced key', "insert into index_identity values (30, 'thirty', 1)"),
  change('table created', 'create table late (id int primary key, v text)', "insert into late values (1, 'late')"),
  change('not null dropped', 'alter table late alter column v set not null', "update late set v = 'later'"),
  ...typeRows(101).map((sql, i) => step(`types, row ${i + 1}`, sql)),
]
