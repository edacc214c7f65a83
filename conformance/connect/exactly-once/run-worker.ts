// A worker in a process of its own that runs one connector until it is killed; prints what becomes of its task.
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { kafkaClient } from '@millrace/kafka'

export interface WorkerJob {
  readonly brokers: string
  readonly config: Readonly<Record<string, string>>
}

const { brokers, config } = JSON.parse(process.argv[2] ?? '{}') as WorkerJob
const name = config.name ?? ''
console.log('starting')
const client = kafkaClient({ brokers })
const worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'kills', storage: 'memory' })
await worker.put(name, config)
let last = ''
setInterval(() => {
  const { connector, tasks } = worker.status(name)
  const [task = connector] = tasks
  const told = `${task.state} ${task.trace?.split(':')[0] ?? ''}`
  if (told === last) return
  last = told
  console.log(told)
  if (task.trace !== undefined) console.error(task.trace)
}, 5)
