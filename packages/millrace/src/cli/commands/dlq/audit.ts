import { readAudit } from '@millrace/connect/internal'
import { type DailyFlags, withKafka } from '../../kafka.ts'
import { printJson, printTable } from '../../output.ts'
import { historyText } from './show.ts'
import { resolveTopic } from './topics.ts'

/** `millrace dlq audit`: who did what with which letters of a topic, the latest last. */
export async function auditDeadLetters(topic: string, flags: DailyFlags & { readonly max: number }): Promise<void> {
  await withKafka(flags, async (client) => {
    const name = await resolveTopic(client, topic)
    const entries = name === undefined ? [] : (await readAudit(client, name)).slice(-flags.max)
    if (flags.json) printJson(entries)
    else if (entries.length === 0) console.log('nothing was done')
    else
      printTable(
        ['action', 'letter', 'origin', 'application', 'cause', 'what'],
        entries.map((entry) => [
          entry.action,
          `${entry.letter.partition}:${entry.letter.offset}`,
          `${entry.origin.topic} ${entry.origin.partition}:${entry.origin.offset}`,
          entry.application,
          entry.cause,
          historyText(entry),
        ]),
      )
  })
}
