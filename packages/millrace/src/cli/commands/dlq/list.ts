import { type Letter, LetterBox, type LetterState } from '@millrace/connect/internal'
import type { KafkaClient } from '@millrace/kafka'
import { type DailyFlags, withKafka } from '../../kafka.ts'
import { printJson, printTable } from '../../output.ts'
import { deadLetterTopics, resolveTopic } from './topics.ts'

interface ListFlags extends DailyFlags {
  readonly max: number
  readonly all?: boolean
  readonly cause?: readonly string[]
}

/** `millrace dlq list`: without a topic the letters grouped by cause; with one, the letters themselves. */
export async function listDeadLetters(topic: string | undefined, flags: ListFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    if (topic === undefined) return summarize(client, await deadLetterTopics(client), flags)
    const name = await resolveTopic(client, topic)
    const isAny = await listLetters(name === undefined ? undefined : await LetterBox.open(client, name), flags)
    if (isAny || flags.json) return
    const others = (await deadLetterTopics(client)).filter((other) => other !== name)
    const elsewhere = others.length === 0 ? '' : `; topics of dead letters are ${others.join(', ')}`
    console.log(`no dead letters${name === undefined ? ` of ${topic}` : ` in ${name}`}${elsewhere}`)
  })
}

interface CauseRow {
  readonly topic: string
  readonly cause: string
  readonly application: string
  readonly stage: string
  readonly exception: string
  readonly message: string
  letters: number
  open: number
}

async function summarize(client: KafkaClient, topics: readonly string[], flags: ListFlags): Promise<void> {
  const rows: CauseRow[] = []
  for (const topic of topics) {
    const groups = new Map<string, CauseRow>()
    const box = await LetterBox.open(client, topic)
    for await (const { cause, state } of box.letters()) {
      if (!isWanted(cause.id, flags)) continue
      const { id, application, stage, exception, pattern } = cause
      let row = groups.get(id)
      if (!row) {
        row = { topic, cause: id, application, stage, exception, message: pattern, letters: 0, open: 0 }
        groups.set(id, row)
      }
      row.letters++
      if (state === 'open') row.open++
    }
    rows.push(...[...groups.values()].filter(({ open }) => flags.all || open > 0).sort((a, b) => b.open - a.open))
  }
  if (flags.json) printJson(rows)
  else if (rows.length === 0) console.log('no dead letters')
  else
    printTable(
      ['topic', 'cause', 'application', 'stage', 'exception', 'open', 'letters', 'message'],
      rows.map((row) => [
        row.topic,
        row.cause,
        row.application,
        row.stage,
        row.exception,
        row.open,
        row.letters,
        row.message,
      ]),
    )
}

function isWanted(cause: string, { cause: wanted }: ListFlags): boolean {
  return wanted === undefined || wanted.includes(cause)
}

interface LetterRow {
  readonly partition: number
  readonly offset: number
  readonly origin: string
  readonly cause: string
  readonly state: LetterState
  readonly stage: string
  readonly exception: string
  readonly message: string
}

/** Prints them; whether there are any. */
async function listLetters(box: LetterBox | undefined, flags: ListFlags): Promise<boolean> {
  const rows: LetterRow[] = []
  const byPosition = (a: LetterRow, b: LetterRow): number => a.partition - b.partition || a.offset - b.offset
  // Partitions come as their fetches do: all are read before the first ones can be told.
  for await (const letter of box?.letters() ?? []) {
    if (!isWanted(letter.cause.id, flags) || (!flags.all && letter.state !== 'open')) continue
    rows.push(rowOf(letter))
    if (rows.length > 2 * flags.max) rows.sort(byPosition).length = flags.max
  }
  rows.sort(byPosition).splice(flags.max)
  const printed = rows.map(({ partition, offset, ...row }) => ({ position: `${partition}:${offset}`, ...row }))
  if (flags.json) printJson(printed)
  else if (printed.length > 0)
    printTable(
      ['position', 'origin', 'cause', 'state', 'stage', 'exception', 'message'],
      printed.map((row) => Object.values(row)),
    )
  return printed.length > 0
}

function rowOf({ record, envelope, cause, state }: Letter): LetterRow {
  return {
    partition: record.partition,
    offset: record.offset,
    origin: envelope ? `${envelope.topic} ${envelope.partition}:${envelope.offset}` : '',
    cause: cause.id,
    state,
    stage: envelope?.stage ?? '',
    exception: envelope?.exception ?? '',
    message: envelope?.message ?? '',
  }
}
