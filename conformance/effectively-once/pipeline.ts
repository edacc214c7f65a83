import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaClient } from '@millrace/kafka'
import { inboxMigration, outboxMigration } from '@millrace/outbox'
import { ProcessTree } from 'millrace/supervise'
import pg from 'pg'
import { MortalBroker } from '../crash/mortal-broker.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { movement, step } from './contracts.ts'
import type { PartJob, PartName } from './part.ts'

export const partNames: readonly PartName[] = ['service', 'source', 'streams', 'steps-sink', 'balances-sink', 'handler']
export type Victim = PartName | 'broker' | 'source-database' | 'target-database'
export const victims: readonly Victim[] = [...partNames, 'broker', 'source-database', 'target-database']

/** Parts that write transactions, and can die in the middle of one. */
const transactional: readonly Victim[] = ['source', 'streams']
export type Moment = 'committing' | 'committed'

/** One death: of whom, at which moment if not at once, and for how long a database stays away. */
export interface Death {
  readonly victim: Victim
  readonly moment?: Moment
  readonly downMs: number
}

/** How long a part may take until it comes to the moment at which it is to die; then it dies as it is. */
const momentTimeoutMs = 1_000

/** Whether a part passes such moments. */
export function hasMoments(victim: Victim): boolean {
  return transactional.includes(victim)
}

/** Groups that notice a death at once, and transactions of the dead that end soon after their time-out. */
const brokerConfig = {
  'group.min.session.timeout.ms': '500',
  'group.initial.rebalance.delay.ms': '0',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
}

const sourceTables = `
create table accounts (account text primary key, seq integer not null);
create table ledger (id text primary key, schedule integer not null, account text not null, seq integer not null, amount integer not null);
create index on ledger (schedule);
create table schedules (id integer primary key, seed bigint not null, movements integer not null, accounts integer not null);`

/** What has arrived where; without unique keys, which would hide what came twice. */
const targetTables = `
create table steps (id text not null, schedule integer not null, account text not null, seq integer not null, amount integer not null,
  count integer not null, sum bigint not null, arrival bigserial);
create index on steps (schedule);
create table balances (account text primary key, count bigint not null, sum bigint not null, schedule integer not null);
create index on balances (schedule);
create table handled (id text not null, schedule integer not null, account text not null, seq integer not null, arrival bigserial);
create index on handled (schedule);
create table paid (account text primary key, count bigint not null, sum bigint not null);`

/** Database, outbox, topic, streams, topic, database: every part a process that can be killed. */
export interface Pipeline extends AsyncDisposable {
  /** Kills one with SIGKILL and brings it back; resolves when it is at work again. */
  kill(death: Death): Promise<void>
  source<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
  target<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
}

export interface PipelineOptions {
  readonly folder: string
  readonly isMistaken: boolean
  readonly onLine: (line: string) => void
}

export async function startPipeline({ folder, isMistaken, onLine }: PipelineOptions): Promise<Pipeline> {
  await using starting = new AsyncDisposableStack()
  const source = starting.use(await startPostgres())
  const target = starting.use(await startPostgres())
  const sourceUrl = await source.createDatabase('bank')
  const targetUrl = await target.createDatabase('report')
  const sourcePool = starting.adopt(pool(sourceUrl), (opened) => opened.end())
  const targetPool = starting.adopt(pool(targetUrl), (opened) => opened.end())
  await sourcePool.query(sourceTables + outboxMigration())
  await targetPool.query(targetTables + inboxMigration())
  const broker = starting.use(await MortalBroker.start(join(folder, 'broker'), 'write', brokerConfig))
  await createTopics(broker.brokers)
  const tree = starting.use(
    new ProcessTree({
      restartDelayMs: 50,
      onLine: (name, line) => onLine(`${name}: ${line}`),
      onExit: (name, reason) => onLine(`${name} ended: ${reason}`),
    }),
  )
  const job: PartJob = { brokers: broker.brokers, sourceUrl, targetUrl, stateDir: join(folder, 'state'), isMistaken }
  await Promise.all(partNames.map((name) => startPart(tree, name, job)))
  const owned = starting.move()
  return {
    kill: (death) => kill({ ...death, tree, broker, source, target }),
    source: async (text, values) => (await sourcePool.query(text, values)).rows,
    target: async (text, values) => (await targetPool.query(text, values)).rows,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function startPart(tree: ProcessTree, name: PartName, job: PartJob): Promise<unknown> {
  const script = join(import.meta.dirname, 'part.ts')
  const environment = { PART: JSON.stringify(job) }
  return tree.start({ name, script, args: [name], environment, ready: /^running$/ })
}

async function createTopics(brokers: string): Promise<void> {
  await using client = kafkaClient({ brokers })
  await client.admin.createTopics([movement, step].map(({ name, partitions = 1 }) => ({ name, partitions })))
}

/** A pool that outlives its server: connections that break are told by the next query. */
function pool(connectionString: string): pg.Pool {
  const opened = new pg.Pool({ connectionString, max: 3 })
  opened.on('error', () => {})
  opened.on('connect', (client) => client.on('error', () => {}))
  return opened
}

interface Kill extends Death {
  readonly tree: ProcessTree
  readonly broker: MortalBroker
  readonly source: TestPostgres
  readonly target: TestPostgres
}

async function kill({ victim, moment, downMs, tree, broker, source, target }: Kill): Promise<void> {
  switch (victim) {
    case 'broker':
      return broker.kill()
    case 'source-database':
    case 'target-database': {
      const database = victim === 'source-database' ? source : target
      await database.kill()
      await delay(downMs)
      return database.restart()
    }
    default:
      return moment === undefined ? tree.crash(victim) : crashAt(tree, victim, moment)
  }
}

/** The part kills itself when it comes to the moment. */
async function crashAt(tree: ProcessTree, victim: PartName, moment: Moment): Promise<void> {
  const pid = tree.pid(victim)
  // One that is down is not at work on anything.
  if (pid === undefined || !isAlive(pid)) return tree.crash(victim)
  process.kill(pid, moment === 'committing' ? 'SIGUSR2' : 'SIGHUP')
  for (const deadlineMs = Date.now() + momentTimeoutMs; Date.now() < deadlineMs; await delay(20)) {
    if (!isAlive(pid)) return
  }
  return tree.crash(victim)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
