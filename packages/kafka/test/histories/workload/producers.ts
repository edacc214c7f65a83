import type { Consumer, Producer } from '@millrace/kafka'
import { type ClientProcess, logTopic, partitions, resultOf } from './world.ts'

const compressions = ['none', 'none', 'gzip', 'zstd'] as const

/** Sends in bursts, without waiting for one answer before the next. */
export async function runProducer(process: ClientProcess): Promise<void> {
  const { world, client } = process
  let next = 0
  const open = (): Producer =>
    client.producer({
      deliveryTimeoutMs: 3_000,
      lingerMs: process.below(3) * 4,
      compression: compressions[process.below(compressions.length)]!,
    })
  let producer = open()
  while (world.running && !process.isDead) {
    const burst = 1 + process.below(4)
    const sent = Array.from({ length: burst }, () => send(process, producer, `${process.name}:${next++}`))
    for (const one of sent) one.catch(() => undefined)
    if (process.chance(0.5)) {
      const results = await Promise.allSettled(sent)
      if (results.some(({ status }) => status === 'rejected') && process.chance(0.3)) {
        await producer.close().catch(() => undefined)
        producer = open()
      }
    }
    await process.pause(250)
  }
  await producer.close().catch(() => undefined)
}

async function send(
  process: ClientProcess,
  producer: Producer,
  value: string,
  more: { transaction?: string; transactionalId?: string } = {},
): Promise<void> {
  const partition = process.below(partitions)
  const operation = { kind: 'send', partition: `${logTopic}/${partition}`, value, ...more } as const
  await process.call(operation, async () => {
    const { offset } = await producer.send({ topic: logTopic, partition, key: null, value: Buffer.from(value) })
    return offset >= 0 ? { offset } : {}
  })
}

/** Transactions of a few records; some read what others have committed, and some are given up. */
export async function runTransactions(process: ClientProcess, transactionalId: string): Promise<void> {
  const { client, world } = process
  const producer = client.producer({ transactionalId, deliveryTimeoutMs: 3_000, transactionTimeoutMs: 1_500 })
  const consumer = client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest', maxWaitMs: 400 })
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic: logTopic, partition }))
  consumer.assign(all)
  world.recorder.note(process.name, { kind: 'assign', partitions: all.map((one) => `${one.topic}/${one.partition}`) })
  try {
    await process.call({ kind: 'init', transactionalId }, async () => {
      await producer.init()
      return undefined
    })
    for (let number = 1; world.running && !process.isDead; number++) {
      await oneTransaction(process, producer, consumer, { transactionalId, transaction: `${process.name}#${number}` })
      await process.pause(300)
    }
  } finally {
    await producer.close().catch(() => undefined)
    await consumer.close().catch(() => undefined)
  }
}

interface TransactionName {
  readonly transactionalId: string
  readonly transaction: string
}

async function oneTransaction(
  process: ClientProcess,
  producer: Producer,
  consumer: Consumer,
  name: TransactionName,
): Promise<void> {
  process.world.recorder.note(process.name, { kind: 'begin', ...name })
  producer.begin()
  const sends = 1 + process.below(4)
  const pending: Promise<void>[] = []
  for (let index = 0; index < sends; index++) {
    const sent = send(process, producer, `${name.transaction}.${index}`, name)
    sent.catch(() => undefined)
    pending.push(sent)
    if (process.chance(0.3)) await process.pause(process.chance(0.1) ? 800 : 60)
    if (process.chance(0.3)) {
      const { transaction } = name
      await process.call({ kind: 'poll', isolation: 'read_committed', transaction }, async () =>
        resultOf(await consumer.poll({ timeoutMs: 30 })),
      )
    }
  }
  if (process.chance(0.3)) await Promise.allSettled(pending)
  await endTransaction(process, producer, name, process.chance(0.7))
}

/** Commits, or gives up; whatever went wrong, the next transaction may begin when this returns. */
export async function endTransaction(
  process: ClientProcess,
  producer: Producer,
  name: TransactionName,
  commits: boolean,
): Promise<boolean> {
  const end = (kind: 'commit' | 'abort'): Promise<unknown> =>
    process.call({ kind, ...name }, async () => {
      await (kind === 'commit' ? producer.commit() : producer.abort())
      return undefined
    })
  if (!commits) {
    await again(process, () => end('abort'))
    return false
  }
  try {
    await again(process, () => end('commit'))
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== 'KAFKA_TRANSACTION_ABORTABLE') throw error
    await again(process, () => end('abort'))
    return false
  }
}

/** A call whose time ran out is made again: that is how its outcome is found out. */
async function again(process: ClientProcess, work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      const { retriable } = error as { retriable?: boolean }
      if (!retriable || process.isDead) throw error
      await process.pause(50)
    }
  }
}
