// Child process of task-environment.test.ts: writes until it is killed, every transaction the same number under fifty keys.
import { LmdbByteStore } from '../../src/runtime/edge/lmdb/lmdb-byte-store.ts'
import { TaskEnvironment } from '../../src/runtime/edge/lmdb/task-environment.ts'

const environment = TaskEnvironment.open(process.argv[2]!)
const store = new LmdbByteStore(environment, 's')
for (let round = 1; round < 1_000_000; round++) {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(round)
  store.apply(
    Array.from({ length: 50 }, (_, i) => ({ key: Buffer.from(`key-${i}`), value })),
    round,
  )
  if (round === 200) process.stdout.write(`${round}\n`)
}
