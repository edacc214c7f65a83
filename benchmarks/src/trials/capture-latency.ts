import { setTimeout as delay } from 'node:timers/promises'
import { decodedRecords, type KafkaClient } from '@millrace/kafka'
import { until } from '../support/backlog.ts'
import { CaptureDatabase } from '../support/capture-database.ts'
import { type CaptureRun, captureBench, onOwnBroker } from '../support/capture-run.ts'
import { javaUnavailable } from '../support/java.ts'
import { ordersProperties, ordersTable, ordersTopic, orderValues } from '../support/orders-table.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import type { Bench, Outcome, Trial, TrialContext } from '../trial.ts'

const seconds = 30
const warmUpSeconds = 10
/** So that a writer's pauses, of whole milliseconds, are shorter than what lies between two of its transactions. */
const perWriter = 250
const stallTimeoutMs = 60_000

/** One row a transaction, at an even rate. What came too late is not waited for, so the rate holds. */
const procedure = `
create procedure write_orders(first integer, transactions integer, per_second integer) language plpgsql as $$
declare
  began timestamptz := clock_timestamp();
  early double precision;
begin
  for nr in 0 .. transactions - 1 loop
    early := nr::double precision / per_second - extract(epoch from clock_timestamp() - began);
    if early > 0 then perform pg_sleep(early); end if;
    insert into orders select ${orderValues('(first + nr)')};
    commit;
  end loop;
end $$`

/** What one run is about. */
interface Load {
  readonly perSecond: number
  readonly seconds: number
  /** Transactions of the warm-up; they are not counted. */
  readonly warmUp: number
  readonly measured: number
}

function open(perSecond: number, context: TrialContext): Promise<Bench> {
  const task = { driver: 'capture-tables.ts', topic: ordersTopic, properties: ordersProperties }
  const counted = Math.ceil(seconds * context.scale)
  const load = { perSecond, seconds: counted, warmUp: perSecond * warmUpSeconds, measured: perSecond * counted }
  return captureBench(task, context, (run) => measured(run, load))
}

async function measured(run: CaptureRun, load: Load): Promise<Outcome> {
  const { client, topic, url, name, slot, start } = run
  const publication = `create publication ${name} for table orders`
  await using database = await CaptureDatabase.create(url, [ordersTable, procedure, publication])
  await using process = await start()
  await until(async () => (await database.slot(slot)) === 'active', process)
  const latencies = arrivals(client, topic, load)
  latencies.catch(() => {})
  const writing = write(url, load)
  await delay(warmUpSeconds * 1_000)
  const peakBytes = watchMemory(process.pid)
  const before = usageOf(process.pid)
  await writing
  const cpuSeconds = usageOf(process.pid).cpuSeconds - before.cpuSeconds
  const sorted = (await latencies).sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return {
    metrics: {
      per_cpu_second: { value: load.measured / cpuSeconds, unit: 'events/CPU s' },
      peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
      latency_p50: { value: at(0.5), unit: 'ms' },
      latency_p99: { value: at(0.99), unit: 'ms' },
    },
    result: `${sorted.length} events`,
  }
}

/** Writes at the load's rate, from several connections. */
async function write(url: string, { perSecond, warmUp, measured }: Load): Promise<void> {
  const writers = Math.ceil(perSecond / perWriter)
  const each = Math.floor((warmUp + measured) / writers)
  const rate = Math.round(perSecond / writers)
  await Promise.all(
    Array.from({ length: writers }, async (_, nr) => {
      await using database = await CaptureDatabase.create(url, [])
      await database.execute(`call write_orders(${nr * each}, ${each}, ${rate})`)
    }),
  )
}

/** From the commit, as PostgreSQL's log dates it, until a consumer has the event; without those of the warm-up. */
async function arrivals(client: KafkaClient, topic: string, { warmUp, measured }: Load): Promise<number[]> {
  await using consumer = client.consumer({ isolation: 'read_committed' })
  consumer.assign([{ topic, partition: 0 }])
  const latencies: number[] = []
  let lastMs = performance.now()
  for (let seen = 0; seen < warmUp + measured; ) {
    const polled = await consumer.poll({ timeoutMs: 1_000 })
    const nowMs = performance.timeOrigin + performance.now()
    for (const fetched of polled) {
      for (const { value } of decodedRecords(fetched)) {
        if (seen++ < warmUp) continue
        const event = JSON.parse(value!.toString()) as { readonly source: { readonly ts_us: number } }
        latencies.push(nowMs - event.source.ts_us / 1_000)
      }
    }
    if (polled.length > 0) lastMs = performance.now()
    else if (performance.now() - lastMs > stallTimeoutMs) throw new Error(`no more events after ${seen}`)
  }
  return latencies
}

function latencyTrial(name: string, perSecond: number, goal: string): Trial {
  return {
    name,
    summary: `from commit to topic, ${perSecond} transactions a second of a row each, as Debezium events in JSON`,
    peers: ['Debezium 3.6', onOwnBroker],
    goal,
    unavailable: javaUnavailable,
    open: (context) => open(perSecond, context),
  }
}

export const captureLatency = latencyTrial(
  'capture-latency',
  500,
  'half of the events within 5 ms, 99 of 100 within 20 ms',
)
export const captureLatencyBusy = latencyTrial('capture-latency-busy', 5_000, 'better than Debezium')
