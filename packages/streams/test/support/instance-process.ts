// A child process that runs one instance of the spend application:
// `instance-process.ts <brokers> <state directory> [options as JSON]`.
// Says every state on standard output, and before `running` how many records were restored; stops cleanly on SIGTERM.
import { startStreams } from '@millrace/streams'
import { metric } from './group-setup.ts'

const [brokers, stateDir, options = '{}'] = process.argv.slice(2) as [string, string, string?]
const streams = await startStreams({
  topology: new URL('./spend-app.ts', import.meta.url),
  brokers,
  stateDir,
  ...(JSON.parse(options) as object),
  limits: { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 300, transactionTimeoutMs: 3_000 },
})
streams.onStateChange((state) => {
  if (state === 'running') process.stdout.write(`restored ${metric(streams, 'restored_records_total')}\n`)
  process.stdout.write(`${state}\n`)
})
process.once('SIGTERM', () => void streams.close())
await streams.finished
