import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecRecords } from './cases/records.ts'
import { type Client, lacking } from './programs/catalogue.ts'
import type { Codec } from './programs/operations.ts'
import type { Program } from './programs/program.ts'

/** Codecs that are read together: those that every client has, and the others. */
const topics: Readonly<Record<string, readonly Codec[]>> = {
  common: ['none', 'gzip', 'zstd'],
  other: ['snappy', 'lz4'],
}

export interface Participant {
  readonly client: Client
  /** Its programs: one on Apache Kafka, one on Millrace. */
  readonly programs: readonly Program[]
}

const has = ({ client }: Participant, codecs: readonly Codec[]): boolean =>
  lacking(
    client,
    codecs.map((codec) => `codec ${codec}` as const),
  ) === undefined
const textOf = ({ key, value }: { readonly key?: string | null; readonly value: string | null }): string =>
  `${key ?? null}=${value}`

/** Every client writes with every codec that it has, on both brokers; `create` makes a topic on both. */
export async function writeAll(
  participants: readonly Participant[],
  create: (topic: string) => Promise<void>,
): Promise<void> {
  const writing = participants.flatMap((writer) =>
    Object.entries(topics)
      .filter(([, codecs]) => has(writer, codecs))
      .map(async ([name, codecs]) => {
        const topic = `cross-${writer.client.name}-${name}`
        await create(topic)
        for (const codec of codecs) {
          const write = (program: Program) => program.run('produce', { topic, records: codecRecords, codec })
          await Promise.all(writer.programs.map(write))
        }
      }),
  )
  await Promise.all(writing)
}

/** Registers a test for each client: it reads what every client, itself included, wrote with every codec, on both brokers. */
export function registerCrossReading(clients: readonly Client[], participants: () => readonly Participant[]): void {
  for (const { name: reader } of clients) {
    test(`${reader} reads what every client wrote`, { timeout: 240_000 }, async () => {
      const me = participants().find(({ client }) => client.name === reader)!
      for (const writer of participants()) {
        for (const [name, codecs] of Object.entries(topics)) {
          if (!has(writer, codecs) || !has(me, codecs)) continue
          const expected = codecs.flatMap(() => codecRecords.map(textOf))
          const topic = `cross-${writer.client.name}-${name}`
          for (const program of me.programs) {
            const { records } = await program.run('read', { topic, count: expected.length })
            assert.deepEqual(records.map(textOf), expected, topic)
          }
        }
      }
    })
  }
}
