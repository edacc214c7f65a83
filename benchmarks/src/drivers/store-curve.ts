// Reads and writes rows of a disk store as a task does: `store-curve.ts <directory> <keys> <updates>`.
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { LmdbStateStores } from '@millrace/streams/internal'
import { drive } from './driver.ts'

const [directory = '', keysText = '', updatesText = ''] = process.argv.slice(2)
const keys = Number(keysText)
const updates = Number(updatesText)
/** A commit's. */
const perTransaction = 10_000
const valueBytes = 100

const stores = new LmdbStateStores(directory)
const store = stores.open({ taskId: { subtopology: 0, partition: 0 }, store: 'rows', kind: 'keyValue' })
const value = Buffer.alloc(valueBytes, 7)
const keyOf = (number: number): Buffer => Buffer.from(`customer-${String(number).padStart(16, '0')}`)

function* rows(from: number): Generator<{ key: Buffer; value: Buffer }> {
  for (let number = from; number < Math.min(keys, from + perTransaction); number++) yield { key: keyOf(number), value }
}

/** Keys in any order, each read and written. */
function* changes(random: Random): Generator<{ key: Buffer; value: Buffer }> {
  for (let done = 0; done < perTransaction; done++) {
    const key = keyOf(randomInt(random, keys))
    const found = store.get(key)
    if (found?.length !== valueBytes) throw new Error(`${key} is lost`)
    value.writeUInt32BE(done, 0)
    yield { key, value }
  }
}

for (let from = 0; from < keys; from += perTransaction) store.apply(rows(from), from)
const random = seededRandom(3)
await drive(async () => {
  for (let done = 0; done < updates; done += perTransaction) store.apply(changes(random), done)
  return { updates }
})
