import { untilShutdown } from '../../supervise/until-shutdown.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { printJson } from '../output.ts'
import { readable, recordLine } from '../record-text.ts'
import { scanTopic } from '../scan-topic.ts'

interface ConsumeFlags extends DailyFlags {
  readonly fromBeginning?: boolean
  readonly max?: number
  readonly exitAtEnd?: boolean
  readonly uncommitted?: boolean
}

/** `millrace consume`: prints records as they come, without a consumer group. */
export async function consumeCommand(topic: string, flags: ConsumeFlags): Promise<void> {
  const stop = new AbortController()
  void untilShutdown().then(() => stop.abort())
  await withKafka(flags, async (client) => {
    let left = flags.max ?? Number.POSITIVE_INFINITY
    const records = scanTopic(client, {
      topic,
      from: flags.fromBeginning ? 'earliest' : 'latest',
      toEnd: flags.exitAtEnd ?? false,
      isolation: flags.uncommitted ? 'read_uncommitted' : 'read_committed',
      signal: stop.signal,
    })
    for await (const record of records) {
      if (flags.json) printJson(readable(record))
      else console.log(recordLine(readable(record)))
      if (--left === 0) break
    }
  })
}
