import { seededRandom, systemClock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import { BrokerCore } from '../../src/core/broker-core.ts'
import { diskStorage } from '../../src/storage/disk-storage.ts'
import { CoreClient, createTopic } from './core-client.ts'
import { batch, readAll } from './records.ts'
import { fetchNow, produce } from './requests.ts'

const logs = 200
const folder = process.argv[2]!
const core = new BrokerCore({ storage: diskStorage(folder), clock: systemClock, random: seededRandom(1) })
const client = new CoreClient(core)
createTopic(client, 'order', logs)
for (let round = 0; round < 3; round++) {
  for (let partition = 0; partition < logs; partition++) {
    const { errorCode, errorMessage } = produce(client, 'order', batch([{ value: `${round}` }]), { partition })
    if (errorCode !== ErrorCode.NONE) throw new Error(`partition ${partition}: ${errorMessage}`)
  }
}
core.close()
const again = new BrokerCore({ storage: diskStorage(folder), clock: systemClock, random: seededRandom(2) })
const reader = new CoreClient(again)
let whole = 0
for (let partition = 0; partition < logs; partition++) {
  const { records } = fetchNow(reader, 'order', 0, { partition })
  if (readAll(records as Buffer).length === 3) whole++
}
again.close()
console.log(`${whole} logs of 3 records`)
