import { createInterface } from 'node:readline'
import { notFound } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { counted, printJson } from '../output.ts'
import { pairs } from '../pairs.ts'

interface ProduceFlags extends DailyFlags {
  readonly key?: string
  readonly separator: string
  readonly header?: readonly string[]
}

/** `millrace produce`: a record per line of standard input; an empty value after the separator is a tombstone. */
export async function produceCommand(topic: string, flags: ProduceFlags): Promise<void> {
  const headers = Object.entries(pairs(flags.header)).map(([key, value]) => ({ key, value: Buffer.from(value) }))
  await withKafka(flags, async (client) => {
    const known = await client.admin.listTopics({ internal: true })
    if (!known.some(({ name }) => name === topic)) {
      throw notFound(
        `there is no topic "${topic}"`,
        `Create it with "millrace topics create ${topic}"; "millrace topics list" shows those that exist.`,
      )
    }
    await using producer = client.producer({ lingerMs: 5 })
    const sent: Promise<unknown>[] = []
    for await (const line of createInterface({ input: process.stdin })) {
      const { key, value } = split(line, flags)
      sent.push(producer.send({ topic, key, value, headers }))
    }
    await Promise.all(sent)
    if (flags.json) printJson({ topic, records: sent.length })
    else console.log(counted(sent.length, 'record'))
  })
}

function split(line: string, { key, separator }: ProduceFlags): { key: Buffer | null; value: Buffer | null } {
  if (key !== undefined) return { key: Buffer.from(key), value: Buffer.from(line) }
  const at = line.indexOf(separator)
  if (at < 0) return { key: null, value: Buffer.from(line) }
  const value = line.slice(at + separator.length)
  return { key: Buffer.from(line.slice(0, at)), value: value === '' ? null : Buffer.from(value) }
}
