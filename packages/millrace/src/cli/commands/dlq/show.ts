import { isDeadLetterHeader } from '@millrace/base/internal'
import { type AuditEntry, type Letter, LetterBox } from '@millrace/connect/internal'
import { notFound } from '../../../errors.ts'
import { pc } from '../../colours.ts'
import { type DailyFlags, withKafka } from '../../kafka.ts'
import { printJson } from '../../output.ts'
import { readable } from '../../record-text.ts'
import { loadPayloads, type Payloads } from './contracts.ts'
import { parsePosition, requireTopic } from './topics.ts'

/** `millrace dlq show`: one dead letter, whole, and what was done with it. */
export async function showDeadLetter(
  topic: string,
  position: string,
  flags: DailyFlags & { readonly contracts?: string },
): Promise<void> {
  const at = parsePosition(position)
  const payloads = await loadPayloads(flags.contracts)
  await withKafka(flags, async (client) => {
    const name = await requireTopic(client, topic)
    const box = await LetterBox.open(client, name)
    for await (const letter of box.letters()) {
      if (letter.record.partition !== at.partition || letter.record.offset !== at.offset) continue
      await show(letter, box.history(at.partition, at.offset), payloads, flags)
      return
    }
    throw notFound(`${name} has no record at ${position}`, `List the positions with "millrace dlq list ${topic}".`)
  })
}

async function show(
  letter: Letter,
  history: readonly AuditEntry[],
  payloads: Payloads,
  flags: DailyFlags,
): Promise<void> {
  const { record, envelope, cause, state } = letter
  const shown = readable(record)
  const headers = Object.entries(shown.headers).filter(([name]) => !isDeadLetterHeader(name))
  const origin = letter.firstOrigin.topic
  const key = await payloads.read(origin, 'key', record.key)
  const value = await payloads.read(origin, 'value', record.value)
  if (flags.json) {
    const refused = key.refused ?? value.refused
    printJson({
      ...shown,
      key: key.value,
      value: value.value,
      ...(refused !== undefined && { refused }),
      headers: Object.fromEntries(headers),
      error: envelope,
      cause: cause.id,
      state,
      history,
    })
    return
  }
  const line = (name: string, text: unknown): void => {
    console.log(`${pc.bold(name.padEnd(12))} ${typeof text === 'string' ? text : JSON.stringify(text)}`)
  }
  line('dead letter', `${record.topic} ${record.partition}:${record.offset}, ${state}`)
  line('origin', envelope ? `${envelope.topic} ${envelope.partition}:${envelope.offset}` : 'not known')
  line('cause', `${cause.id}, ${cause.stage}`)
  line('error', `${envelope?.exception ?? ''} ${envelope?.message ?? ''}`)
  line('application', `${envelope?.application ?? ''}, attempt ${envelope?.attempt ?? ''}`)
  line('timestamp', shown.timestamp)
  line('key', key.value)
  if (key.refused) line('', pc.yellow(`refused by the contract: ${key.refused}`))
  line('value', value.value)
  if (value.refused) line('', pc.yellow(`refused by the contract: ${value.refused}`))
  for (const [name, text] of headers) line(`header ${name}`, text)
  for (const entry of history) line(entry.action, historyText(entry))
  if (envelope?.stacktrace) console.log(pc.dim(envelope.stacktrace))
}

/** One line of what was done, without the letter that it was done with. */
export function historyText({ at, by, to, changed, reason, appliedSuccessors }: AuditEntry): string {
  const parts = [
    `${at} by ${by}`,
    to && `to ${to.topic} ${to.partition}:${to.offset}`,
    changed && `changed ${changed.join(', ')}`,
    reason,
    appliedSuccessors && `after ${appliedSuccessors} later records of its key`,
  ]
  return parts.filter(Boolean).join(', ')
}
