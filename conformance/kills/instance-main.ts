// One instance of the bank with a gateway: `instance-main.ts <options as JSON>`. Says on standard output, line by line in JSON, in
// which state it is and what it survived; stops cleanly on SIGTERM, and kills itself at the moment that its parent has named.
import { subscribe } from 'node:diagnostics_channel'
import { appState, startGateway } from '@millrace/gateway'
import { diagnostics, type TransactionEvent } from '@millrace/kafka'
import { startStreams } from '@millrace/streams'
import type { Command, InstanceOptions, Line, Moment } from './instance-protocol.ts'
import { collectWhenAsked, memoryOfIsolates } from './isolate-memory.ts'

const { args, port, token, streams: options } = JSON.parse(process.argv[2]!) as InstanceOptions
let doom: { moment: Moment; passes: number } | undefined

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function passing(moment: Moment): void {
  if (doom?.moment !== moment || doom.passes-- > 0) return
  say({ dying: moment })
  process.kill(process.pid, 'SIGKILL')
}

process.on('message', (command: Command) => {
  if ('dieWhile' in command) doom = { moment: command.dieWhile, passes: command.nth }
  else void memoryOfIsolates().then((memory) => say({ memory }))
})
collectWhenAsked()
let isEnding = false
// Nobody outlives the test.
process.on('disconnect', () => isEnding || process.exit(1))
subscribe(diagnostics.transaction.name, (event) => {
  const { from, to } = event as TransactionEvent
  if (to === 'committing') passing('committing')
  // The broker has answered, and no store was written yet.
  else if (from === 'committing') passing('committed')
})
subscribe('millrace:streams:failure', (event) => {
  const { error } = event as { readonly error: Error & { readonly code?: string } }
  say({ failure: `${error.code ?? error.name}: ${error.message}` })
})

const app = await startStreams({
  topology: new URL('./bank-app.ts', import.meta.url),
  args,
  applicationServer: `127.0.0.1:${port}`,
  restoreListener: {
    onBatchRestored: () => passing('restoring'),
    onBatchLoaded: () => passing('following'),
  },
  ...options,
})
const gateway = await startGateway(
  {
    state: [appState(app)],
    metrics: [app],
    health: [],
    connectors: () => [],
  },
  { port, token },
)
say({ listening: gateway.url })
say({ state: app.state() })
app.onStateChange((state) => {
  say({ state })
  if (state === 'rebalancing') passing('rebalancing')
})
process.once('SIGTERM', () => {
  isEnding = true
  void app.close()
})
try {
  await app.finished
} catch (error) {
  say({ failure: `ended: ${(error as Error).stack}` })
  process.exitCode = 1
}
await gateway.close()
if (!isEnding) process.exitCode = 1
process.disconnect?.()
