// Runs one of the topologies of the streams trials on Millrace:
// `streams-app.ts <topology> <guarantee> <brokers> <application id> <input> <output> <table> <state directory> [threads]`.
import { type RestoreListener, startStreams } from '@millrace/streams'

const [name = '', guarantee = '', brokers = '', applicationId = '', input = '', output = '', table = ''] =
  process.argv.slice(2)
const [stateDir = '', threads = '1'] = process.argv.slice(9)
const atLeastOnce = guarantee === 'at_least_once'
const restoreListener: RestoreListener = {
  onRestoreStart: ({ topic, partition }) => console.log(`restoring ${topic}-${partition}`),
  onRestoreEnd: ({ topic, partition }) => console.log(`restored ${topic}-${partition}`),
}

const streams = await startStreams({
  topology: new URL('./streams-topologies.ts', import.meta.url),
  args: { name, applicationId, input, output, table },
  threads: Number(threads),
  brokers,
  stateDir,
  restoreListener,
  // The default of 30 s is longer than a trial.
  ...(atLeastOnce && { processingGuarantee: 'at_least_once', commitIntervalMs: 1_000 }),
})
streams.onStateChange((state) => console.log(`state ${state}`))
process.once('SIGTERM', () => void streams.close())
await streams.finished
process.exit()
