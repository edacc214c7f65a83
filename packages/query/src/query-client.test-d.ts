// Checked by `tsc -p .`: what must compile, and what must not.
import { serdes, topic } from '@millrace/contracts'
import { z } from 'zod'
import { keyValueStore, queryClient, sessionStore, versionedStore, windowStore } from './index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const expectTrue = <T extends true>(): T | undefined => undefined

const spend = topic('spend', {
  key: z.string(),
  value: z.object({ country: z.string(), total: z.number().default(0) }),
})
const counts = topic('counts', { key: serdes.int32, value: serdes.int64 })

export async function typed(): Promise<void> {
  const state = queryClient({ url: 'http://localhost:1', stores: { spend, counts } })
  const row = await state.spend.get('alice')
  expectTrue<Equal<typeof row, { country: string; total: number } | undefined>>()
  const count = await state.counts.get(1)
  expectTrue<Equal<typeof count, bigint | undefined>>()
  // @ts-expect-error the key is a number
  await state.counts.get('1')
  // @ts-expect-error there is no such store
  await state.spends.get('alice')
  // @ts-expect-error the value has no such field
  row?.sum
  for await (const entry of state.counts.range({ from: 1, to: 5 })) expectTrue<Equal<typeof entry.key, number>>()
  const [window] = await state.counts.window(1, { from: new Date(), to: 5 })
  expectTrue<Equal<typeof window, { readonly start: number; readonly end: number; readonly value: bigint } | undefined>>
  // @ts-expect-error windows are asked for by time
  await state.counts.window(1, { from: 'monday', to: 5 })
}

export async function typedByKind(): Promise<void> {
  const stores = {
    rows: keyValueStore(spend),
    perMinute: windowStore(counts),
    visits: sessionStore(counts),
    prices: versionedStore(counts),
  }
  const state = queryClient({ url: 'http://localhost:1', stores })
  const windows = await state.perMinute.windows({ from: 0, to: 5, fromKey: 1 })
  expectTrue<
    Equal<
      typeof windows,
      readonly { readonly key: number; readonly start: number; readonly end: number; readonly value: bigint }[]
    >
  >
  const version = await state.prices.version(1, { asOf: new Date() })
  expectTrue<Equal<NonNullable<typeof version>['value'], bigint>>()
  for await (const event of state.rows.changes({ key: 'alice' })) {
    if (event.type === 'row') expectTrue<Equal<typeof event.value, { country: string; total: number }>>()
    if (event.type === 'change') expectTrue<Equal<typeof event.value, { country: string; total: number } | undefined>>()
    // @ts-expect-error a reset has no row
    if (event.type === 'reset') event.key
  }
  // @ts-expect-error A window store has no get: it is asked by window or windows
  await state.perMinute.get(1)
  // @ts-expect-error a key-value store has no windows
  await state.rows.window('alice', { from: 0, to: 1 })
  // @ts-expect-error a session store has sessions
  await state.visits.window(1, { from: 0, to: 1 })
  for (const row of await state.prices.rows({ asOf: 5, prefix: 'a' })) expectTrue<Equal<typeof row.value, bigint>>()
  // @ts-expect-error a versioned store is asked for versions
  await state.prices.get(1)
  // @ts-expect-error a bound says where the record was written
  await state.rows.get('alice', { after: { topic: 'order', offset: 1 } })
}
