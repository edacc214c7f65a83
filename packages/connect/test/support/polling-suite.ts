import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { Outbox } from '@millrace/outbox'
import { type PollingOutboxOptions, pollingOutbox, type RunningConnector, runSource } from '../../src/index.ts'
import { eventually, readTopic } from './topic-reader.ts'

const event = topic('event', { key: serdes.string, value: serdes.json<{ n: number }>(), partitions: 3 })
const binary = topic('binary', { key: serdes.string, value: serdes.bytes })

/** One open transaction of one writer. */
export interface WriterTransaction {
  readonly outbox: Outbox
  /** Takes the lock of an aggregate, and returns how often that was done before. */
  bump(key: string): Promise<number>
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** A fresh database with an outbox and a table of counters. */
export interface PolledService {
  readonly url: string
  begin(): Promise<WriterTransaction>
  /** How many rows the outbox holds. */
  rows(): Promise<number>
  query(sql: string): Promise<unknown>
  /** Keeps rows that are there from being deleted, until what it returns is called. */
  block?(): Promise<() => Promise<void>>
  close(): Promise<void>
}

export interface PollingFeatures {
  readonly skip?: string | false | undefined
  /** Whether several transactions can write at the same time. */
  readonly isConcurrent: boolean
  /** Ways of removal beside the default. */
  readonly options?: Partial<PollingOutboxOptions>
  /** Whether rows are gone once they are published. */
  readonly deletes: boolean
  /** What an insert says that gives `position` itself. */
  readonly overriding?: string
}

/** What polling promises on every database. */
export function registerPollingTests(
  name: string,
  open: () => Promise<PolledService>,
  features: PollingFeatures,
): void {
  const { skip = false, isConcurrent, deletes, options = {}, overriding } = features
  describe(name, { skip }, () => {
    let broker: Broker
    let client: KafkaClient
    let services = 0
    before(async () => {
      broker = await startBroker({ memory: true })
      client = kafkaClient({ brokers: broker.brokers })
    })
    after(async () => {
      await client?.close()
      await broker?.close()
    })

    async function run(
      service: PolledService,
      topics: PollingOutboxOptions['topics'],
      more: Partial<PollingOutboxOptions> = {},
    ): Promise<RunningConnector> {
      const connectorName = more.name ?? `polled-${++services}`
      const source = pollingOutbox({
        url: service.url,
        topics,
        limits: { pollIntervalMs: 10 },
        ...options,
        ...more,
        name: connectorName,
      })
      const running = runSource(source, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })
      // A source that cannot start is told by its test.
      await Promise.race([running.ready.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1_000))])
      return running
    }
    const own = (suffix: string) =>
      topic(`${event.name}-${suffix}-${++services}`, { key: event.key, value: event.value, partitions: 3 })

    test('rows that were there and rows that come are published with key, value, headers and time', async () => {
      await using service = disposable(await open())
      const contract = own('all')
      const first = await service.begin()
      const { id } = await first.outbox.append(
        contract,
        'k1',
        { n: 1 },
        { headers: { tenant: 'é' }, timestamp: 1_700_000_000_123 },
      )
      await first.commit()
      await using _running = await run(service, [contract])
      const second = await service.begin()
      await second.outbox.append(contract, 'k1', null)
      await second.commit()
      const records = await eventually('two records', async () => {
        const found = await readTopic(client, contract.name)
        return found.length === 2 ? found : undefined
      })
      assert.deepEqual(
        records.map(({ key, value }) => ({ key, value })),
        [
          { key: 'k1', value: '{"n":1}' },
          { key: 'k1', value: null },
        ],
      )
      assert.deepEqual(records[0]!.headers, { id, tenant: 'é' })
      assert.equal(records[0]!.timestamp, 1_700_000_000_123)
      assert.ok(Math.abs(records[1]!.timestamp - Date.now()) < 60_000)
      if (deletes) await eventually('an empty table', async () => ((await service.rows()) === 0 ? true : undefined))
      else assert.equal(await service.rows(), 2)
    })

    test('binary values keep their bytes, and reads are bounded by bytes as well as rows', async () => {
      await using service = disposable(await open())
      const contract = topic(`${binary.name}-${++services}`, { key: binary.key, value: binary.value, partitions: 1 })
      const value = Uint8Array.from({ length: 1024 }, (_, i) => i % 256)
      const tx = await service.begin()
      for (let i = 0; i < 20; i++) await tx.outbox.append(contract, `k${i}`, value)
      await tx.commit()
      await using _running = await run(service, [contract], {
        limits: { pollIntervalMs: 10, maxRows: 7, maxBytes: 3_000 },
      })
      const records = await eventually('twenty records', async () => {
        const found = await readTopic(client, contract.name, 'hex')
        return found.length === 20 ? found : undefined
      })
      assert.deepEqual(
        records.map(({ key }) => key),
        Array.from({ length: 20 }, (_, i) => `k${i}`),
      )
      for (const record of records) assert.equal(record.value, Buffer.from(value).toString('hex'))
    })

    test('a row that commits after later ones were published is published', { skip: !isConcurrent }, async () => {
      await using service = disposable(await open())
      const contract = own('late')
      await using _running = await run(service, [contract])
      const late = await service.begin()
      await late.outbox.append(contract, 'late', { n: 1 })
      const early = await service.begin()
      await early.outbox.append(contract, 'early', { n: 2 })
      await early.commit()
      await eventually('the early one', async () =>
        (await readTopic(client, contract.name)).length === 1 ? true : undefined,
      )
      await late.commit()
      const keys = await eventually('both', async () => {
        const found = await readTopic(client, contract.name)
        return found.length === 2 ? found.map(({ key }) => key).sort() : undefined
      })
      assert.deepEqual(keys, ['early', 'late'])
    })

    test('fifty concurrent writers: nothing lost, nothing doubled, order per key kept, and the table bounded', async () => {
      await using service = disposable(await open())
      const contract = own('writers')
      const keys = Array.from({ length: 10 }, (_, i) => `k${i}`)
      for (const key of keys) await service.query(`insert into counter (id, n) values ('${key}', 0)`)
      const running = await run(service, [contract], { name: 'writers' })
      const perWriter = isConcurrent ? 10 : 3
      const expected: Record<string, number> = Object.fromEntries(keys.map((key) => [key, 0]))
      const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
      const write = async (writer: number): Promise<void> => {
        for (let i = 0; i < perWriter; i++) {
          const key = keys[(writer * 7 + i) % keys.length]!
          const tx = await service.begin()
          // Some write to the outbox first and wait for the lock afterwards, so that ids and commits come in different orders.
          if (isConcurrent && i % 3 === 0) await tx.outbox.append(contract, `loose-${writer}`, { n: i })
          const n = await tx.bump(key)
          await tx.outbox.append(contract, key, { n })
          await pause(Math.random() * 15)
          if (i % 5 === 2) {
            await tx.rollback()
            continue
          }
          await tx.commit()
          expected[key]!++
        }
      }
      const work = Promise.all(Array.from({ length: 50 }, (_, writer) => write(writer)))
      // The source is stopped and started in the middle of it.
      await pause(300)
      await running.close()
      await using _again = await run(service, [contract], { name: 'writers' })
      await work
      const total = Object.values(expected).reduce((sum, n) => sum + n, 0)
      const records = await eventually('all records', async () => {
        const found = (await readTopic(client, contract.name)).filter(({ key }) => !key!.startsWith('loose-'))
        return found.length >= total ? found : undefined
      })
      const seen: Record<string, number> = {}
      for (const { key, value } of records) {
        const n = (JSON.parse(value!) as { n: number }).n
        assert.equal(n, seen[key!] ?? 0, `of ${key}, ${n} came after ${seen[key!] ?? 0} others`)
        seen[key!] = n + 1
      }
      assert.deepEqual(seen, Object.fromEntries(Object.entries(expected).filter(([, n]) => n > 0)))
      const ids = (await readTopic(client, contract.name)).map(({ headers }) => headers.id)
      assert.equal(new Set(ids).size, ids.length)
      if (deletes) await eventually('an empty table', async () => ((await service.rows()) === 0 ? true : undefined))
    })

    test('under a load that goes on, the table holds what is not published yet and no more', {
      skip: !deletes,
    }, async () => {
      await using service = disposable(await open())
      const contract = own('steady')
      await using _running = await run(service, [contract])
      const perBatch = 25
      const batches = 20
      for (let batch = 0; batch < batches; batch++) {
        const tx = await service.begin()
        for (let i = 0; i < perBatch; i++) await tx.outbox.append(contract, `k${i}`, { n: batch })
        await tx.commit()
        await eventually('room in the table', async () => ((await service.rows()) <= 2 * perBatch ? true : undefined))
      }
      await eventually('an empty table', async () => ((await service.rows()) === 0 ? true : undefined))
      assert.equal((await readTopic(client, contract.name)).length, perBatch * batches)
    })

    const canBlock = isConcurrent && deletes
    test('what was published when the source was stopped, and not deleted yet, is deleted by the next start', {
      skip: !canBlock,
    }, async () => {
      await using service = disposable(await open())
      const contract = own('rest')
      const tx = await service.begin()
      for (const key of ['a', 'b']) await tx.outbox.append(contract, key, { n: 1 })
      await tx.commit()
      const unblock = await service.block!()
      const first = await run(service, [contract], { name: `rest-${services}` })
      const count = async (): Promise<number> => (await readTopic(client, contract.name)).length
      await eventually('both events', async () => ((await count()) === 2 ? true : undefined))
      assert.equal(await service.rows(), 2)
      await first.close()
      await unblock()
      await using _second = await run(service, [contract], { name: `rest-${services}` })
      await eventually('an empty table', async () => ((await service.rows()) === 0 ? true : undefined))
      assert.equal(await count(), 2)
    })

    test('rows of a restored database, in the places of published ones, are published', {
      skip: !deletes,
    }, async () => {
      await using service = disposable(await open())
      const contract = own('restored')
      const name = `restored-${services}`
      const row = async (id: string): Promise<unknown> =>
        service.query(
          `insert into outbox (position, id, aggregatetype, aggregateid, type, payload) ${overriding ?? ''} values (7, '${id}', '${contract.name}', 'k', 't', null)`,
        )
      const ids = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002']
      for (const [i, id] of ids.entries()) {
        await row(id)
        const running = await run(service, [contract], { name })
        const found = await eventually(`event ${i}`, async () => {
          const records = await readTopic(client, contract.name)
          return records.length > i && (await service.rows()) === 0 ? records : undefined
        })
        assert.deepEqual(
          found.map(({ headers }) => headers.id),
          ids.slice(0, i + 1),
        )
        await running.close()
      }
    })

    test('a missing table is waited for, and other columns are refused with the remedy', async () => {
      await using service = disposable(await open())
      await service.query('drop table outbox')
      await using waiting = await run(service, [own('none')])
      await eventually('the state', () => (waiting.status().error?.code === 'CONNECT_TABLE_MISSING' ? true : undefined))
      await service.query('create table outbox (id varchar(36))')
      await assert.rejects(waiting.finished, { code: 'CONNECT_COLUMN_MISSING', remedy: /outboxMigration/ })
    })

    test('a row for a topic that the source was not given stops it, and stays', async () => {
      await using service = disposable(await open())
      const stranger = own('stranger')
      const tx = await service.begin()
      await tx.outbox.append(stranger, 'k', { n: 1 })
      await tx.commit()
      await using running = await run(service, [own('other')])
      await assert.rejects(running.finished, { code: 'CONNECT_TOPIC_UNKNOWN' })
      assert.equal(await service.rows(), 1)
    })
  })
}

function disposable(service: PolledService): PolledService & AsyncDisposable {
  return { ...service, [Symbol.asyncDispose]: () => service.close() }
}
