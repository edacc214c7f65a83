import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { seededRandom } from '@millrace/base'
import type { MessageType } from '@millrace/protocol'
import { allMessages } from '@millrace/protocol/internal'
import { sampleBatches } from './sample-batches.ts'
import { type SampleVariant, sampleMessage } from './sample-message.ts'
import { askJava, type WireCommand } from './wire.ts'

const target = join(import.meta.dirname, '..', '..', 'packages', 'protocol', 'test', 'fixtures')

/** Name of the Java class that Kafka generates for a message. */
function javaClass({ name, kind }: MessageType<unknown>): string {
  if (kind.startsWith('coordinator-')) {
    const coordinator = name.startsWith('TransactionLog') ? 'transaction' : 'group'
    return `org.apache.kafka.coordinator.${coordinator}.generated.${name}`
  }
  return `org.apache.kafka.common.message.${name}${kind === 'data' ? '' : 'Data'}`
}

function versionsOf({ validVersions: { min, max } }: MessageType<unknown>): number[] {
  return Array.from({ length: max - min + 1 }, (_, index) => min + index)
}

function messageFixtures(): unknown[] {
  const commands: (WireCommand & { message: string; version: number; json: unknown })[] = []
  for (const type of allMessages) {
    for (const version of versionsOf(type)) {
      for (const variant of ['full', 'sparse'] satisfies SampleVariant[]) {
        const json = sampleMessage(type.fields, version, variant)
        commands.push({ op: 'message', class: javaClass(type), message: type.name, version, json })
      }
    }
  }
  return askJava(commands).map((answer, index) => {
    const { message, version, json } = commands[index]!
    if (answer.error) throw new Error(`${message} ${version}: ${String(answer.error)}\n${JSON.stringify(json)}`)
    return { message, version, json, bytes: answer.bytes }
  })
}

/** What Kafka writes for a message nobody has set a field of. */
function defaultFixtures(): unknown[] {
  const commands = allMessages.flatMap((type) =>
    versionsOf(type).map((version) => ({ op: 'default', class: javaClass(type), message: type.name, version })),
  )
  return askJava(commands).map((answer, index) => {
    const { message, version } = commands[index]!
    if (answer.error) throw new Error(`${message} ${version}: ${String(answer.error)}`)
    return { message, version, bytes: answer.bytes }
  })
}

function batchFixtures(): unknown[] {
  const commands = sampleBatches()
  const made = askJava(commands)
  const read = askJava(made.map(({ bytes }) => ({ op: 'read', bytes })))
  return commands.map((command, index) => {
    const { bytes, error } = made[index]!
    if (error) throw new Error(`${JSON.stringify(command)}: ${String(error)}`)
    return { made: command, bytes, batch: (read[index]!.batches as unknown[])[0] }
  })
}

function murmur2Fixtures(): unknown[] {
  const random = seededRandom(2)
  const keys = Array.from({ length: 400 }, (_, length) =>
    Buffer.from(Array.from({ length: length % 41 }, () => Math.floor(random.next() * 256))).toString('base64'),
  )
  const answers = askJava(keys.map((bytes) => ({ op: 'murmur2', bytes })))
  return keys.map((key, index) => [key, answers[index]!.hash])
}

function write(name: string, content: unknown): void {
  writeFileSync(join(target, name), gzipSync(JSON.stringify(content), { level: 9 }))
}

mkdirSync(target, { recursive: true })
write('messages.json.gz', messageFixtures())
write('defaults.json.gz', defaultFixtures())
write('batches.json.gz', batchFixtures())
write('murmur2.json.gz', murmur2Fixtures())
write('errors.json.gz', askJava([{ op: 'errors' }])[0]!.errors)
