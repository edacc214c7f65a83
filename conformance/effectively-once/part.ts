// One part of the pipeline as a process of its own: `part.ts <name>`, its job in `PART`. Runs until it is killed.
import { subscribe } from 'node:diagnostics_channel'
import { flushCompileCache } from 'node:module'
import { postgresOutbox, postgresSink, runSink, runSource } from '@millrace/connect'
import { consume } from '@millrace/handlers'
import { diagnostics, kafkaClient, type TransactionEvent } from '@millrace/kafka'
import { startStreams } from '@millrace/streams'
import { untilShutdown } from 'millrace/supervise'
import pg from 'pg'
import { movement, step } from './contracts.ts'
import { serve } from './service.ts'

export type PartName = 'service' | 'source' | 'streams' | 'steps-sink' | 'balances-sink' | 'handler'

export interface PartJob {
  readonly brokers: string
  readonly sourceUrl: string
  readonly targetUrl: string
  readonly stateDir: string
  /** Streams at least once instead of exactly once, which the check has to find. */
  readonly isMistaken: boolean
}

// What is killed does not write it at its end.
flushCompileCache()
const name = process.argv[2] as PartName
const { brokers, sourceUrl, targetUrl, stateDir, isMistaken } = JSON.parse(process.env.PART ?? '{}') as PartJob
const stopped = untilShutdown()

/** Moments that a random kill rarely hits: the transaction is about to commit; it has, and nobody has heard of it yet. */
const dooms = { SIGUSR2: 'committing', SIGHUP: 'committed' } as const
let doom: 'committing' | 'committed' | undefined
for (const [signal, moment] of Object.entries(dooms)) process.on(signal, () => (doom = moment))
subscribe(diagnostics.transaction.name, (event) => {
  const { from, to } = event as TransactionEvent
  const moment = to === 'committing' ? 'committing' : from === 'committing' ? 'committed' : undefined
  if (doom !== undefined && moment === doom) process.kill(process.pid, 'SIGKILL')
})

function end(error: unknown): never {
  console.error(error)
  process.exit(1)
}

function connector(running: { readonly ready: Promise<void>; readonly finished: Promise<void> }): void {
  running.ready.then(
    () => console.log('running'),
    () => {},
  )
  running.finished.catch(end)
}

const limits = { retryDelayMsMin: 20, retryDelayMsMax: 200 }
const sinkLimits = { ...limits, maxPartitionBytes: 8_192, sessionTimeoutMs: 3_000 }

const parts: Record<PartName, () => Promise<void>> = {
  async service() {
    console.log('running')
    await serve(sourceUrl, stopped)
  },
  async source() {
    const outbox = postgresOutbox({ name: 'bank', url: sourceUrl, topics: [movement] })
    // Small, so that kills hit the middle of transactions.
    connector(runSource(outbox, { client: kafkaClient({ brokers }), limits: { ...limits, maxTransactionRecords: 50 } }))
  },
  async streams() {
    const app = await startStreams({
      topology: new URL('./app.ts', import.meta.url),
      brokers,
      stateDir,
      groupInstanceId: 'streams-1',
      // With its usual 30 s between commits, so that no death falls between two of them without a trace.
      ...(isMistaken ? { processingGuarantee: 'at_least_once' } : { commitIntervalMs: 50 }),
    })
    console.log('running')
    app.finished.catch(end)
  },
  async 'steps-sink'() {
    const sink = postgresSink(step, { name: 'steps', url: targetUrl, table: 'steps', mode: 'insert', key: [] })
    connector(runSink(sink, { client: kafkaClient({ brokers }), instanceId: 'steps-1', limits: sinkLimits }))
  },
  async 'balances-sink'() {
    const columns = { account: 'text', count: 'bigint', sum: 'bigint', schedule: 'bigint' }
    const options = {
      name: 'balances',
      url: targetUrl,
      table: 'balances',
      mode: 'upsert',
      key: 'account',
      columns,
    } as const
    connector(
      runSink(postgresSink(step, options), {
        client: kafkaClient({ brokers }),
        instanceId: 'balances-1',
        limits: sinkLimits,
      }),
    )
  },
  async handler() {
    const pool = new pg.Pool({ connectionString: targetUrl, max: 4 })
    const running = await consume(
      movement,
      async ({ value }, { tx }) => {
        if (!value) return
        const { id, schedule, account, seq, amount } = value
        const insert = 'insert into handled (id, schedule, account, seq) values ($1, $2, $3, $4)'
        await tx.query(insert, [id, schedule, account, seq])
        const add = `insert into paid (account, count, sum) values ($1, 1, $2)
          on conflict (account) do update set count = paid.count + 1, sum = paid.sum + excluded.sum`
        await tx.query(add, [account, amount])
      },
      {
        brokers,
        groupId: 'handler',
        instanceId: 'handler-1',
        inbox: pool,
        commitIntervalMs: 100,
        retryDelayMsMin: 20,
        retryDelayMsMax: 200,
        sessionTimeoutMs: 3_000,
      },
    )
    console.log('running')
    running.stopped.catch(end)
  },
}

await parts[name]()
await stopped
process.exit(0)
