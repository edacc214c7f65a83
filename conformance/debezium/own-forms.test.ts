// What configs of Debezium do with Java classes: columns in forms of one's own, and columns that are read anew.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { postgresTables, type RunningConnector } from '@millrace/connect'
import { builtInPlugins } from '../../packages/connect/src/plugins.ts'
import { buildConnector } from '../../packages/connect/src/runtime/worker/build-connector.ts'
import { PluginRegistry } from '../../packages/connect/src/runtime/worker/plugin-registry.ts'
import { type CapturedDatabase, CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { converters } from './configurations.ts'

type Row = Record<string, unknown>

const placeholder = '__debezium_unavailable_value'

describe('forms of one’s own', () => {
  const capture = new CaptureFixture()
  const rowsOf = async (topic: string, count: number): Promise<Row[]> =>
    eventually(`${count} events in ${topic}`, async () => {
      const records = await readTopic(capture.client, topic).catch(() => [])
      return records.length >= count ? records.map(({ value }) => JSON.parse(value!) as Row) : undefined
    })

  const startFrom = async (s: CapturedDatabase, properties: Record<string, string>): Promise<RunningConnector> => {
    const all = {
      ...converters(false),
      name: s.name,
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': '127.0.0.1',
      'database.port': new URL(s.url).port,
      'database.user': 'postgres',
      'database.password': 'secret',
      'database.dbname': s.name,
      'topic.prefix': s.name,
      'slot.name': s.name,
      'publication.autocreate.mode': 'filtered',
      ...properties,
    }
    const registry = new PluginRegistry(builtInPlugins)
    const home = { client: capture.client, registry, groupId: 'forms', offsetsTopic: 'forms-offsets', defaults: {} }
    return (await buildConnector(all, home)).run()
  }

  test('a converter expresses a column in snapshots and in the stream, and nulls stay nulls', async () => {
    await using s = await capture.database(`create table book (id int primary key, isbn text, price numeric(8, 2));
                                            insert into book values (1, '978-3-16', 1.5), (2, null, 2)`)
    const topic = `${s.name}.book`
    const connector = (column: string) =>
      postgresTables({
        url: s.url,
        name: `${s.name}-books`,
        format: 'debezium',
        tables: [{ table: 'book', topic }],
        events: {
          schemas: true,
          converters: {
            [column]: {
              schema: { type: 'int64', name: 'com.example.Isbn' },
              value: (text) => BigInt(text.replaceAll('-', '')),
            },
          },
        },
        limits: fast,
      })
    const running = capture.run(connector('public.book.isbn'))
    await running.ready
    await s.db.query(`insert into book values (3, '111-1', 3)`)
    const found = await rowsOf(topic, 3)
    const after = found.map(({ payload }) => ((payload as Row).after as Row).isbn)
    assert.deepEqual(after, [978_316, null, 1_111])
    const fields = (found[2] as { schema: { fields: { field: string; fields: Row[] }[] } }).schema.fields
    const isbn = fields.find(({ field }) => field === 'after')!.fields.find(({ field }) => field === 'isbn')
    assert.deepEqual(isbn, { type: 'int64', optional: true, name: 'com.example.Isbn', field: 'isbn' })
    // What it throws stops the connector, since a value would be missing otherwise.
    await s.db.query(`insert into book values (4, 'none', 3)`)
    await assert.rejects(running.finished, { code: 'POSTGRES_VALUE_INVALID', message: /public\.book\.isbn.*BigInt/ })
    const stray = capture.run(connector('public.book.isbm'))
    await assert.rejects(stray.ready, { code: 'POSTGRES_COLUMN_MISSING', message: /public\.book\.isbm/ })
    await stray.finished.catch(() => {})
  })

  test('columns are read anew: what the row has now, the placeholder where it is gone, an error where that is asked for', async () => {
    await using s = await capture.database(`create table doc (id int primary key, body text, note text);
                                            alter table doc alter body set storage external;
                                            insert into doc values (1, repeat('x', 3000), 'n'), (2, repeat('y', 3000), 'n')`)
    const topic = `${s.name}.public.doc`
    const start = (more: Record<string, string> = {}) =>
      startFrom(s, {
        'table.include.list': 'public.doc',
        'snapshot.mode': 'no_data',
        'post.processors': 'again',
        'again.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
        ...more,
      })
    const first = await start()
    await first.ready
    await first.close()
    // Nobody reads meanwhile: what is read anew is what the last of these left.
    await s.db.query(`update doc set note = null where id = 1`)
    await s.db.query(`update doc set note = 'later', body = repeat('z', 3000) where id = 1`)
    await s.db.query(`update doc set note = 'gone' where id = 2`)
    await s.db.query(`delete from doc where id = 2`)
    const second = await start()
    const found = await rowsOf(topic, 5)
    await second.close()
    const after = found.slice(0, 3).map((event) => event.after as Row)
    assert.deepEqual(after, [
      { id: 1, body: 'z'.repeat(3_000), note: 'later' },
      { id: 1, body: 'z'.repeat(3_000), note: 'later' },
      { id: 2, body: placeholder, note: 'gone' },
    ])
    await s.db.query(`insert into doc values (3, repeat('w', 3000), 'n')`)
    await s.db.query(`update doc set note = 'gone' where id = 3`)
    await s.db.query(`delete from doc where id = 3`)
    const third = await start({ 'again.reselect.error.handling.mode': 'fail' })
    await assert.rejects(third.finished, { code: 'POSTGRES_VALUE_INVALID', message: /public\.doc is gone/ })
    await assert.rejects(start({ 'again.reselect.columns': 'x' }), {
      code: 'CONNECT_CONFIG_INVALID',
      message: /again\.reselect\.columns/,
    })
    await assert.rejects(start({ 'again.type': 'com.example.Other' }), { message: /again\.type.*must be one of/ })
  })

  test('a masked column is in no topic, whatever way its values come, and what is not hidden or not heeded is told', async () => {
    const card = (i: number): string => `card${i}-${'4111'.repeat(800)}`
    await using s = await capture.database(`create table pay (id int primary key, card text, note text);
      alter table pay alter card set storage external; alter table pay replica identity full;
      create table signal (id text primary key, type text not null, data text);
      insert into pay values (1, '${card(1)}', 'a'), (2, '${card(2)}', 'b')`)
    const notices: string[] = []
    const onNotice = (message: unknown): void => {
      const { connector, text } = message as { connector: string; text: string }
      if (connector === s.name) notices.push(text)
    }
    subscribe('millrace:connect:notice', onNotice)
    const properties = {
      'table.include.list': 'public.(pay|signal),public.payed',
      'signal.data.collection': 'public.signal',
      'column.mask.hash.v2.SHA-256.with.salt.pepper': 'public.pay.card,public.pay.crad',
      'column.mask.with.4.chars': 'public.pay.note',
      'message.key.columns': 'public.pay:id,note;public.signal:ids;public.pays:id',
      'provide.transaction.metadata': 'true',
      'post.processors': 'again',
      'again.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
      'guardrail.collections.max': '1',
      'max.batch.size': '7',
      'notification.enabled.channels': 'log',
    }
    const running = await startFrom(s, properties)
    const topic = `${s.name}.public.pay`
    await rowsOf(topic, 2)
    await s.db.query(`insert into pay values (3, '${card(3)}', 'c')`)
    await s.db.query(`update pay set note = 'changed' where id = 1`)
    await s.db.query(`update pay set id = 20 where id = 2`)
    await s.db.query(`update pay set card = '${card(4)}' where id = 3`)
    await s.db.query('delete from pay where id = 1')
    const data = JSON.stringify({ 'data-collections': ['public.pay'] })
    await s.db.query(`insert into signal values ('s', 'execute-snapshot', $1)`, [data])
    await eventually('the incremental snapshot', async () => {
      const records = await readTopic(capture.client, topic)
      const last = records.filter(({ value }) => value !== null && JSON.parse(value).source.snapshot === 'incremental')
      return last.length === 2 ? true : undefined
    })
    await running.close()
    unsubscribe('millrace:connect:notice', onNotice)
    const names = (await capture.client.admin.listTopics())
      .map(({ name }) => name)
      .filter((name) => name.includes(s.name))
    assert.ok(names.includes(topic) && names.includes(`${s.name}.transaction`))
    for (const name of names) {
      for (const { key, value, headers } of await readTopic(capture.client, name)) {
        const text = JSON.stringify({ key, value, headers })
        assert.ok(!/card\d-|4111/.test(text), `${name}: ${text.slice(0, 200)}`)
      }
    }
    const notifications = notices.flatMap((text) => /^notification (.*)$/.exec(text)?.[1] ?? [])
    const types = notifications.map((text) => (JSON.parse(text) as { type: string }).type)
    assert.deepEqual([types[0], types.at(-1)], ['STARTED', 'COMPLETED'])
    const others = notices.filter((text) => !/^(notification|PostgreSQL refuses)/.test(text))
    assert.deepEqual(others.sort(), [
      '2 tables are to be captured, more than guardrail.collections.max=1 allows',
      'column public.pay.note is masked in events, and not in their keys; name other columns in message.key.columns',
      'column.mask.hash.v2.SHA-256.with.salt.pepper: public.pay.crad matches no column',
      'max.batch.size changes nothing here: Kafka transactions have limits of their own.',
      'message.key.columns: public.pays matches no table',
      'message.key.columns: public.signal has no column ids',
      'table.include.list: public.payed matches no table',
    ])
    const tooMany = await startFrom(s, { ...properties, 'guardrail.collections.limit.action': 'fail' })
    await assert.rejects(tooMany.finished, { code: 'CONNECT_CONFIG_INVALID', message: /guardrail\.collections\.max=1/ })
  })
})
