import { systemClock } from '@millrace/base'
import {
  Desk,
  findSuccessors,
  groupsOf,
  LetterBox,
  type SelectedLetters,
  type SuccessorMap,
  selectLetters,
} from '@millrace/connect/internal'
import type { KafkaClient } from '@millrace/kafka'
import { millraceError } from '../../../errors.ts'
import { untilShutdown } from '../../../supervise/until-shutdown.ts'
import { type DailyFlags, withKafka } from '../../kafka.ts'
import { counted, printJson, printTable } from '../../output.ts'
import { parsePosition, requireTopic } from './topics.ts'

export interface SelectionFlags extends DailyFlags {
  readonly cause?: readonly string[]
  readonly all?: boolean
  readonly max: number
  readonly by?: string
  readonly yes?: boolean
}

interface RedriveFlags extends SelectionFlags {
  readonly rate?: number
  readonly to?: string
  readonly everyReader?: boolean
  readonly skipSuperseded?: boolean
  /** False: nobody looks for them. */
  readonly successors: boolean
}

/** What a redrive is going to do. */
interface Plan {
  readonly selected: SelectedLetters
  readonly successors: SuccessorMap
  /** Letters that stay, since later records of their keys were applied already. */
  readonly superseded: number
  /** Other groups that have read the topics which the letters go to. */
  readonly otherReaders: readonly string[]
}

/** `millrace dlq redrive`: sends letters back to where they came from; previews unless `--yes`. */
export async function redriveDeadLetters(
  topic: string,
  positions: readonly string[],
  flags: RedriveFlags,
): Promise<void> {
  const wanted = selectionOf(positions, flags)
  if (flags.skipSuperseded && !flags.successors) {
    throw millraceError('USAGE', '--skip-superseded has to look for successors: leave out --no-successors')
  }
  await withKafka(flags, async (client) => {
    const name = await requireTopic(client, topic)
    if (!flags.yes) {
      const plan = await planOf(client, await LetterBox.open(client, name), wanted, flags)
      printPlan(plan, flags, 'preview')
      const target = flags.to ?? 'where they came from'
      const what = `this would send ${counted(plan.selected.letters.length, 'letter')} of ${name} to ${target}`
      throw millraceError('CONFIRMATION_NEEDED', what, { topic: name })
    }
    await using desk = await Desk.open(client, name, flags.by)
    const plan = await planOf(client, desk.box, wanted, flags)
    const stop = new AbortController()
    void untilShutdown().then(() => stop.abort())
    const total = plan.selected.letters.length
    const redriven = await desk.redrive(plan.selected.letters, {
      ...(flags.to !== undefined && { to: flags.to }),
      ...(flags.rate !== undefined && { rate: flags.rate }),
      forAll: flags.everyReader ?? false,
      successors: plan.successors,
      clock: systemClock,
      signal: stop.signal,
      onProgress: (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total}${done === total ? '\n' : ''}`)
      },
    })
    printPlan(plan, flags, 'done', redriven)
    if (redriven < total) throw stopped(redriven, total)
  })
}

function stopped(redriven: number, total: number): Error {
  return millraceError('STOPPED', `${redriven} of ${counted(total, 'letter')} were sent before the command was stopped`)
}

/** @throws USAGE where nothing says which letters are meant */
export function selectionOf(
  positions: readonly string[],
  flags: SelectionFlags,
): { causes?: readonly string[]; positions?: { partition: number; offset: number }[]; max: number } {
  if (positions.length === 0 && flags.cause === undefined && !flags.all) {
    throw millraceError('USAGE', 'say which letters: positions, --cause <id> or --all')
  }
  return {
    ...(flags.cause !== undefined && { causes: flags.cause }),
    ...(positions.length > 0 && { positions: positions.map(parsePosition) }),
    max: flags.max,
  }
}

async function planOf(
  client: KafkaClient,
  box: LetterBox,
  wanted: ReturnType<typeof selectionOf>,
  flags: RedriveFlags,
): Promise<Plan> {
  const selected = await selectLetters(box, wanted)
  // In another topic nothing comes before or after them.
  const isAsked = flags.to === undefined && flags.successors
  const successors: SuccessorMap = isAsked ? await findSuccessors(client, box, selected.letters) : new Map()
  const isSuperseded = ({ partition, offset }: { partition: number; offset: number }): boolean =>
    successors.has(`${partition}:${offset}`)
  const staying = flags.skipSuperseded ? selected.letters.filter(isSuperseded).length : 0
  const letters = flags.skipSuperseded ? selected.letters.filter((letter) => !isSuperseded(letter)) : selected.letters
  return {
    selected: { ...selected, letters },
    successors,
    superseded: staying,
    otherReaders: await otherReaders(client, selected, flags),
  }
}

/** Those that a record which comes back reaches beside the application that gave it up. */
async function otherReaders(
  client: KafkaClient,
  { letters }: SelectedLetters,
  flags: RedriveFlags,
): Promise<readonly string[]> {
  const targets = new Set(flags.to === undefined ? letters.map(({ firstOrigin }) => firstOrigin.topic) : [flags.to])
  const meant = new Set(letters.flatMap(({ cause }) => groupsOf(cause.application)))
  const readers: string[] = []
  for (const { groupId } of await client.admin.listGroups()) {
    if (meant.has(groupId) && flags.to === undefined) continue
    const offsets = await client.admin.committedOffsets(groupId).catch(() => [])
    if (offsets.some(({ topic }) => targets.has(topic))) readers.push(groupId)
  }
  return readers.toSorted()
}

function printPlan(plan: Plan, flags: RedriveFlags, when: 'preview' | 'done', redriven = 0): void {
  const { selected, successors, superseded, otherReaders } = plan
  const after = selected.letters.flatMap(({ partition, offset, firstOrigin }) => {
    const found = successors.get(`${partition}:${offset}`)
    if (!found) return []
    const origin = `${firstOrigin.topic} ${firstOrigin.partition}:${firstOrigin.offset}`
    return {
      position: `${partition}:${offset}`,
      origin,
      applied: found.applied,
      last: `${found.last.partition}:${found.last.offset}`,
    }
  })
  if (flags.json) {
    printJson({
      ...(when === 'done' ? { redriven } : { letters: selected.letters.length }),
      causes: [...selected.causes.values()].map(({ cause, letters }) => ({ cause: cause.id, letters })),
      left: selected.left,
      missed: selected.missed,
      outOfTurn: selected.outOfTurn,
      supersededLeft: superseded,
      successors: after,
      otherReaders,
    })
    return
  }
  if (when === 'preview') {
    printTable(
      ['cause', 'letters', 'application', 'stage', 'exception', 'message'],
      [...selected.causes.values()].map(({ cause, letters }) => [
        cause.id,
        letters,
        cause.application,
        cause.stage,
        cause.exception,
        cause.pattern,
      ]),
    )
  } else console.log(`${counted(redriven, 'letter')} sent`)
  for (const text of remarks(plan, after.length, flags)) console.log(text)
  const rows = after.slice(0, 20)
  if (rows.length > 0)
    printTable(
      ['position', 'origin', 'applied after it', 'last at'],
      rows.map((row) => Object.values(row)),
    )
}

function remarks(plan: Plan, superseded: number, flags: RedriveFlags): string[] {
  const { selected, otherReaders } = plan
  const isOne = flags.to === undefined && !flags.everyReader
  return [
    ...selected.missed.map(({ partition, offset, state }) => `${partition}:${offset} is not open: ${state}`),
    selected.left > 0 ? `${counted(selected.left, 'more letter')} over --max ${flags.max}` : '',
    selected.outOfTurn > 0
      ? `${counted(selected.outOfTurn, 'letter')} with an older letter of the same key that is not among them`
      : '',
    plan.superseded > 0 ? `${counted(plan.superseded, 'superseded letter')} left alone` : '',
    superseded > 0
      ? `${counted(superseded, 'letter')} whose key has later records that were applied already; --skip-superseded leaves them`
      : '',
    otherReaders.length > 0 && isOne
      ? `also read by ${otherReaders.join(', ')}: Millrace's handlers, streams and sinks leave out what is not for them, others see it again`
      : '',
    otherReaders.length > 0 && !isOne ? `reaches ${otherReaders.join(', ')}` : '',
  ].filter((text) => text !== '')
}
