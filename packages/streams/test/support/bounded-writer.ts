// Child process of disk-room.test.ts, under a limit on the length of files: writes rows until it is refused, again and again.
import { LmdbByteStore } from '../../src/runtime/edge/lmdb/lmdb-byte-store.ts'
import { TaskEnvironment } from '../../src/runtime/edge/lmdb/task-environment.ts'

const environment = TaskEnvironment.open(process.argv[2]!)
const store = new LmdbByteStore(environment, 's')
const messages = new Set<string>()
let written = 0
for (let round = 0, refused = 0; refused < 40; round++) {
  // Values of a page and more, one in a commit: what LMDB has to say of a failed write of such is the longest.
  const value = Buffer.alloc(1_000 + ((round * 7_919) % 60_000), round)
  try {
    store.apply([{ key: Buffer.from(`key-${round}`), value }], round)
    written++
  } catch (error) {
    refused++
    messages.add((error as Error).message)
  }
}
const rows = [...store.range({})].length
await environment.close()
process.stdout.write(JSON.stringify({ written, rows, messages: [...messages] }))
