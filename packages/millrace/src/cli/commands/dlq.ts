import { type DeadLetter, deadLetterTopic, readDeadLetter } from '@millrace/base/internal'
import type { ConsumedRecord, KafkaClient } from '@millrace/kafka'
import { millraceError, noTopic, notFound } from '../../errors.ts'
import { pc } from '../colours.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { printJson, printTable } from '../output.ts'
import { decoded, readable } from '../record-text.ts'
import { scanTopic } from '../scan-topic.ts'

/** `millrace dlq list`: without a topic, how many dead letters each topic has and why; with one, the letters themselves. */
export async function listDeadLetters(
  topic: string | undefined,
  flags: DailyFlags & { readonly max: number },
): Promise<void> {
  await withKafka(flags, async (client) => {
    const names = (await client.admin.listTopics()).map(({ name }) => name)
    if (topic === undefined)
      await summarize(
        client,
        names.filter((name) => name.endsWith('.dlq')),
        flags,
      )
    else await listLetters(client, resolveName(names, topic), flags)
  })
}

/** `millrace dlq show`: one dead letter, whole. */
export async function showDeadLetter(topic: string, position: string, flags: DailyFlags): Promise<void> {
  const match = /^(\d+):(\d+)$/.exec(position)
  if (!match) throw millraceError('USAGE', `"${position}" is not partition:offset`)
  const at = { partition: Number(match[1]), offset: Number(match[2]) }
  await withKafka(flags, async (client) => {
    const names = (await client.admin.listTopics()).map((described) => described.name)
    const name = resolveName(names, topic)
    if (name === undefined) {
      throw notFound(`there are no dead letters of "${topic}"`, 'List those that there are with "millrace dlq list".')
    }
    for await (const record of scanTopic(client, { topic: name, at })) {
      if (record.offset !== at.offset) break
      show(record, flags)
      return
    }
    throw notFound(`${name} has no record at ${position}`, `List the positions with "millrace dlq list ${topic}".`)
  })
}

/**
 * The dead-letter topic that is meant; undefined while the topic has had no dead letters.
 * @throws NOT_FOUND when there is no such topic at all.
 */
function resolveName(names: readonly string[], given: string): string | undefined {
  if (names.includes(deadLetterTopic(given))) return deadLetterTopic(given)
  if (!names.includes(given)) throw noTopic(given)
  return given.endsWith('.dlq') ? given : undefined
}

async function summarize(client: KafkaClient, topics: readonly string[], flags: DailyFlags): Promise<void> {
  const rows: { topic: string; stage: string; exception: string; letters: number }[] = []
  for (const topic of topics.toSorted()) {
    const groups = new Map<string, { topic: string; stage: string; exception: string; letters: number }>()
    for await (const record of scanTopic(client, { topic })) {
      const { stage = 'unknown', exception = 'unknown' } = readDeadLetter(record.headers) ?? {}
      const group = groups.get(`${stage}\0${exception}`) ?? { topic, stage, exception, letters: 0 }
      group.letters++
      groups.set(`${stage}\0${exception}`, group)
    }
    rows.push(...[...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row))
  }
  if (flags.json) printJson(rows)
  else if (rows.length === 0) console.log('no dead letters')
  else
    printTable(
      ['topic', 'stage', 'exception', 'letters'],
      rows.map((row) => Object.values(row)),
    )
}

function byPosition(a: ConsumedRecord, b: ConsumedRecord): number {
  return a.partition - b.partition || a.offset - b.offset
}

async function listLetters(
  client: KafkaClient,
  topic: string | undefined,
  flags: DailyFlags & { readonly max: number },
): Promise<void> {
  const letters: ConsumedRecord[] = []
  // Partitions come as their fetches do: all are read before the first ones can be told.
  for await (const record of topic === undefined ? [] : scanTopic(client, { topic })) {
    letters.push(record)
    if (letters.length <= 2 * flags.max) continue
    letters.sort(byPosition).length = flags.max
  }
  letters.sort(byPosition).splice(flags.max)
  const rows = letters.map((record) => {
    const letter = readDeadLetter(record.headers)
    return {
      position: `${record.partition}:${record.offset}`,
      origin: originOf(letter),
      stage: letter?.stage ?? '',
      exception: letter?.exception ?? '',
      message: letter?.message ?? '',
    }
  })
  if (flags.json) printJson(rows)
  else if (rows.length === 0) console.log('no dead letters')
  else
    printTable(
      ['position', 'origin', 'stage', 'exception', 'message'],
      rows.map((row) => Object.values(row)),
    )
}

function originOf(letter: DeadLetter | undefined): string {
  return letter ? `${letter.topic} ${letter.partition}:${letter.offset}` : ''
}

function show(record: ConsumedRecord, flags: DailyFlags): void {
  const letter = readDeadLetter(record.headers)
  if (flags.json) {
    const headers = Object.entries(readable(record).headers).filter(([name]) => !name.includes('.errors.'))
    printJson({ ...readable(record), headers: Object.fromEntries(headers), error: letter })
    return
  }
  const line = (name: string, value: unknown): void => {
    console.log(`${pc.bold(name.padEnd(12))} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  }
  line('dead letter', `${record.topic} ${record.partition}:${record.offset}`)
  line('origin', originOf(letter))
  line('stage', letter?.stage ?? '')
  line('error', `${letter?.exception ?? ''} ${letter?.message ?? ''}`)
  line('application', `${letter?.application ?? ''}, attempt ${letter?.attempt ?? ''}`)
  line('timestamp', new Date(record.timestamp).toISOString())
  line('key', decoded(record.key))
  line('value', decoded(record.value))
  for (const { key, value } of record.headers) if (!key.includes('.errors.')) line(`header ${key}`, decoded(value))
  if (letter?.stacktrace) console.log(pc.dim(letter.stacktrace))
}
