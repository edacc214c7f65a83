// Checked by `tsc -p .`: what must compile, and what must not.
import { serdes, topic } from '@millrace/contracts'
import type { StoreEntry, WindowEntry } from '../../core/stores/views.ts'
import {
  keyQuery,
  queryable,
  rangeQuery,
  timestampedRangeQuery,
  versionedKeyQuery,
  windowKeyQuery,
} from './state-query.ts'
import type { StoreQueries } from './store-queries.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Of stores with headers there are those beside. */
type Same<A, B> = Equal<Omit<A, 'headers'>, Pick<B, keyof B>>
const expectTrue = <T extends true>(): T | undefined => undefined

const counts = topic('counts', { key: serdes.int32, value: serdes.int64 })

export async function typed(queries: StoreQueries): Promise<void> {
  const totals = queryable.keyValue('totals', counts)
  const perMinute = queryable.window('per-minute', counts)
  const one = (await queries.query(totals, keyQuery(1))).partitions.get(0)
  if (one?.ok) expectTrue<Equal<typeof one.result, bigint | undefined>>()
  const entries = (await queries.query(totals, timestampedRangeQuery({ from: 1 }))).partitions.get(0)
  if (entries?.ok) expectTrue<Same<(typeof entries.result)[number], StoreEntry<number, bigint>>>()
  const windows = (await queries.query(perMinute, windowKeyQuery(1, { fromMs: 0 }))).partitions.get(0)
  if (windows?.ok) expectTrue<Same<(typeof windows.result)[number], WindowEntry<number, bigint>>>()
  await queries.query(totals, rangeQuery())
  // @ts-expect-error the key is a number
  await queries.query(totals, keyQuery('1'))
  // @ts-expect-error a key-value store has no windows
  await queries.query(totals, windowKeyQuery(1))
  // @ts-expect-error a window store has no single value of a key
  await queries.query(perMinute, keyQuery(1))
  // @ts-expect-error a key-value store has no versions
  await queries.query(totals, versionedKeyQuery(1))
  // @ts-expect-error the bound of a read says topic, partition and offset
  await queries.query(totals, keyQuery(1), { bound: { order: 5 } })
}
