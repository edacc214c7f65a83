import { sleep } from '@millrace/base'
import type { SeenRecord } from '../history.ts'
import { type ClientProcess, logTopic, outTopic, partitions, resultOf } from './world.ts'

/** Longer than any transaction may stay open. */
const patienceMs = 10_000

/** Reads all partitions to their ends, with and without what was not committed. Returns those with an open transaction. */
export async function readEverything(process: ClientProcess): Promise<string[]> {
  const all = [logTopic, outTopic].flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
  const ends = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<Map<string, number>> => {
    const asked = all.map((one) => ({ ...one, at: 'latest' as const }))
    const found = await process.client.admin.listOffsets(asked, { isolation })
    return new Map(found.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
  }
  const untilMs = process.clock.now() + patienceMs
  for (;;) {
    const [stable, high] = [await ends('read_committed'), await ends('read_uncommitted')]
    const open = [...high.keys()].filter((partition) => stable.get(partition) !== high.get(partition))
    if (open.length > 0 && process.clock.now() < untilMs) {
      await sleep(process.clock, 200)
      continue
    }
    await readAll(process, 'read_uncommitted', high)
    await readAll(process, 'read_committed', stable)
    return open
  }
}

async function readAll(
  process: ClientProcess,
  isolation: 'read_committed' | 'read_uncommitted',
  ends: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [name, end] of ends) {
    const [topic = '', index] = name.split('/')
    const partition = { topic, partition: Number(index) }
    await process.call({ kind: 'final', partition: name, isolation }, async () => {
      const consumer = process.client.consumer({ isolation, autoOffsetReset: 'earliest' })
      consumer.assign([partition])
      const records: SeenRecord[] = []
      while (end > 0 && (consumer.position(partition) ?? 0) < end) {
        records.push(...resultOf(await consumer.poll({ timeoutMs: 200 })).records)
      }
      await consumer.close()
      return { records }
    })
  }
}
