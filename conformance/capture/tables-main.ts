// A process of its own that captures one table until it is killed, and prints its status and its greatest memory.
import { readFileSync } from 'node:fs'
import { postgresTables, runSource } from '@millrace/connect'
import { kafkaClient } from '@millrace/kafka'

const { brokers, url, table, topic } = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
const client = kafkaClient({ brokers: brokers! })
const running = runSource(postgresTables({ name: 'capture', url: url!, tables: [{ table: table!, topic: topic! }] }), {
  client,
})
running.finished.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
setInterval(() => {
  const { state, records, activity } = running.status()
  const memory = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  console.log(JSON.stringify({ state, activity, records, peakMb: Math.round(Number(memory) / 1024) }))
}, 200)
