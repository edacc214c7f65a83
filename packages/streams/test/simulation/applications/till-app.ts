import { serdes, topic } from '@millrace/contracts'
import {
  keyValueStore,
  keyValueStoreWithHeaders,
  type ProcessorContext,
  type ProcessorRecord,
  rangeQuery,
  sessionStore,
  type Topology,
  timestampedKeyValueStore,
  topology,
  versionedStore,
  windowStore,
} from '@millrace/streams'
import { type Order, order } from '../contracts.ts'
import { dayMs } from '../events.ts'
import type { PlantedMistakes } from '../planted-mistakes.ts'
import type { SimulatedApplication } from '../simulated-application.ts'

type Said = { readonly kind: 'entry' | 'tick' | 'dispatch'; readonly [field: string]: unknown }
const said = { key: serdes.string, value: serdes.json<Said>() }

/** What every store said when the order came. */
const entries = topic('entries', said)
/** How many orders there were since the last one, every two days of the orders' time. */
const ticks = topic('ticks', said)
/** Every order, one at a time, some while of the clock's time later: mostly by transactions that read nothing. Through a repartition topic. */
const dispatched = topic('dispatched', said)

const tickMs = 2 * dayMs
const dispatchMs = 300
const gapMs = 2 * dayMs

const totals = keyValueStore<string, number>({ name: 'totals', cache: true })
const latest = timestampedKeyValueStore<string, string>({ name: 'latest' })
const marked = keyValueStoreWithHeaders<string, number>({ name: 'marked' })
const perDay = windowStore<string, number>({ name: 'per-day', sizeMs: dayMs, retentionMs: 6 * dayMs })
const visits = sessionStore<string, number>({ name: 'visits', retentionMs: 6 * dayMs })
const amounts = versionedStore<string, number>({ name: 'amounts', historyRetentionMs: 10 * dayMs })
const queue = keyValueStore<string, Order>({ name: 'queue' })
const counter = keyValueStore<string, number>({ name: 'counter', storage: 'memory' })
const stores = [totals, latest, marked, perDay, visits, amounts, queue, counter]

type Context = ProcessorContext<string, Said>

/** Puts an order into a store of every kind, and tells what was there. */
function entryOf(context: Context): (record: ProcessorRecord<string, Order>) => Said {
  const [total, last, mark, days, sessions, versions] = [
    context.store(totals),
    context.store(latest),
    context.store(marked),
    context.store(perDay),
    context.store(visits),
    context.store(amounts),
  ]
  return ({ key, value: { customer, cents }, timestamp }) => {
    const day = timestamp - (timestamp % dayMs)
    const sum = (total.get(customer) ?? 0) + cents
    total.put(customer, sum)
    const before = { ...last.get(customer) }
    last.put(customer, key)
    mark.put(customer, cents, { headers: [{ key: 'order', value: Buffer.from(key) }] })
    days.put(customer, day, (days.get(customer, day)?.value ?? 0) + 1)
    const recent = [...days.fetch(customer, { fromMs: day - 4 * dayMs, toMs: day })].map(({ start, value }) => [
      start,
      value,
    ])
    const open = [...sessions.findSessions(customer, { earliestEndMs: timestamp - gapMs, latestStartMs: timestamp })][0]
    if (open !== undefined) sessions.put(customer, { startMs: open.start, endMs: open.end }, null)
    const visit = { startMs: open?.start ?? timestamp, endMs: timestamp }
    sessions.put(customer, visit, (open?.value ?? 0) + 1)
    // Some belong into the past.
    versions.put(customer, cents % 5 === 0 ? null : cents, timestamp - (cents % 4) * 2 * dayMs)
    const past = versions.get(customer, timestamp - 3 * dayMs)
    const now = versions.get(customer)
    return { kind: 'entry', sum, before, recent, visit, past: past ?? null, now: now ?? null }
  }
}

/** How often the processor of each task began in this process. */
type Beginnings = Map<string, number>

function schedule(context: Context, beginnings: Beginnings, mistakes: PlantedMistakes): void {
  const waiting = context.store(queue)
  const count = context.store(counter)
  const tick = (timestampMs: number): void => {
    context.forward({ key: `t${timestampMs}`, value: { kind: 'tick', orders: count.get('orders') ?? 0 } })
    count.put('orders', 0)
  }
  const dispatch = (): void => {
    for (const { key, value } of waiting.all()) {
      waiting.delete(key)
      context.forward({ key, value: { kind: 'dispatch', ...value } })
      return
    }
  }
  const began = beginnings.get(context.taskId) ?? 0
  beginnings.set(context.taskId, began + 1)
  const isAgain = began > 0
  const times = isAgain && mistakes.scheduleLost ? 0 : isAgain && mistakes.scheduleDoubled ? 2 : 1
  for (let i = 0; i < times; i++) {
    context.schedule({ by: 'streamTime', everyMs: tickMs, startMs: 0 }, tick)
    context.schedule({ by: 'wallClock', everyMs: dispatchMs }, dispatch)
  }
}

/** A processor with a store of every kind, called at intervals of the orders' time and of the clock's. */
function tillApp(mistakes: PlantedMistakes): Topology {
  const app = topology('till')
  const beginnings: Beginnings = new Map()
  const all = app.stream(order).process(
    (context: Context) => {
      const enter = entryOf(context)
      const waiting = context.store(queue)
      const count = context.store(counter)
      schedule(context, beginnings, mistakes)
      return {
        process(record: ProcessorRecord<string, Order>) {
          count.put('orders', (count.get('orders') ?? 0) + 1)
          waiting.put(record.key, record.value)
          context.forward({ key: record.key, value: enter(record) })
        },
      }
    },
    { stores, name: 'till' },
  )
  const { entry, tick, dispatch } = all.split({
    entry: ({ kind }) => kind === 'entry',
    tick: ({ kind }) => kind === 'tick',
    dispatch: 'otherwise',
  })
  entry.to(entries)
  tick.to(ticks)
  dispatch
    .selectKey((o) => String(o.customer))
    .repartition({ name: 'dispatch' })
    .to(dispatched)
  return app
}

export const till: SimulatedApplication = {
  id: 'till',
  topology: tillApp,
  inputs: ['order'],
  customersMove: false,
  outputs: [entries, ticks, dispatched].map((contract) => ({ contract, compared: 'exactly' })),
  reference: 'byPartition',
  stores: ['totals', 'latest', 'marked', 'queue', 'counter'].map((name) => ({
    name,
    queries: [rangeQuery<unknown>({})],
  })),
}
