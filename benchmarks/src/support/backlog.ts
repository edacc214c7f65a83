import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaClient } from '@millrace/kafka'
import type { Outcome, TrialContext } from '../trial.ts'
import type { Child } from './child.ts'
import { usageOf, watchMemory } from './process-usage.ts'

/** Of the events, not counted: code is compiled meanwhile. */
const warmUpShare = 0.1
const stallTimeoutMs = 60_000

/** Work that a capturing process finds when it starts. */
export interface Backlog {
  readonly client: KafkaClient
  /** Of one partition. */
  readonly topic: string
  readonly events: number
  slot(): Promise<'missing' | 'active' | 'idle'>
  start(): Promise<Child>
  /** Writes one row, which is a first event. */
  begin(): Promise<void>
  fill(): Promise<void>
}

/** Captures one event and stops; meanwhile a backlog comes into being, and a new process works it off. */
export async function workOff(backlog: Backlog, context: TrialContext): Promise<Outcome['metrics']> {
  const { client, topic, events } = backlog
  {
    await using process = await backlog.start()
    await until(async () => (await backlog.slot()) === 'active', process)
    await backlog.begin()
    await until(async () => (await captured(client, topic)) > 0, process)
  }
  await until(async () => (await backlog.slot()) === 'idle')
  context.say(`writing a backlog of ${events} events`)
  await backlog.fill()
  const before = await captured(client, topic)
  const startedMs = performance.now()
  await using process = await backlog.start()
  return await follow(async () => (await captured(client, topic)) - before, { process, events, startedMs })
}

/** The last stable offset: the events so far, and of a transactional producer a marker per thousands of them. */
async function captured(client: KafkaClient, topic: string): Promise<number> {
  const at = 'latest' as const
  const [listed] = await client.admin.listOffsets([{ topic, partition: 0, at }], { isolation: 'read_committed' })
  return listed?.offset ?? 0
}

async function follow(
  progress: () => Promise<number>,
  { process, events, startedMs }: { process: Child; events: number; startedMs: number },
): Promise<Outcome['metrics']> {
  const peakBytes = watchMemory(process.pid)
  let last = { seen: 0, atMs: startedMs }
  let firstMs = 0
  let warm: { readonly seen: number; readonly atMs: number; readonly cpuSeconds: number } | undefined
  for (;;) {
    process.check()
    const seen = await progress()
    const { cpuSeconds } = usageOf(process.pid)
    const atMs = performance.now()
    if (seen > 0) firstMs ||= atMs
    if (seen > last.seen) last = { seen, atMs }
    else if (atMs - last.atMs > stallTimeoutMs) throw new Error(`no progress at ${seen} of ${events} events`)
    if (seen >= events * warmUpShare) warm ??= { seen, atMs, cpuSeconds }
    if (seen >= events && warm) {
      const counted = events - warm.seen
      return {
        per_cpu_second: { value: counted / (cpuSeconds - warm.cpuSeconds), unit: 'events/CPU s' },
        per_second: { value: (counted / (atMs - warm.atMs)) * 1000, unit: 'events/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
        first_record: { value: (firstMs - startedMs) / 1000, unit: 's' },
      }
    }
    await delay(20)
  }
}

/** Waits until something is so, while a process lives. */
export async function until(isDone: () => Promise<boolean>, process?: Child): Promise<void> {
  const deadlineMs = performance.now() + stallTimeoutMs
  while (!(await isDone())) {
    process?.check()
    if (performance.now() > deadlineMs) throw new Error('capture did not get going')
    await delay(50)
  }
}
