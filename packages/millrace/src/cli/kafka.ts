import type { KafkaClient } from '@millrace/kafka'
import { millraceError } from '../errors.ts'
import { firstAnswer, openKafka } from '../run/open-kafka.ts'

/** What every daily tool takes. */
export interface DailyFlags {
  readonly brokers: string
  readonly json?: boolean
}

/** Runs `work` with a client that is closed afterwards. People wait: attempts end sooner than a service's. */
export async function withKafka<T>(flags: DailyFlags, work: (client: KafkaClient) => Promise<T>): Promise<T> {
  await using client = openKafka({ brokers: flags.brokers, clientId: 'millrace-cli', operationTimeoutMs: 8_000 })
  await firstAnswer(client, flags.brokers)
  return await work(client)
}

/** Splits `name=value` flags. @throws USAGE */
export function pairs(list: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (list ?? []).map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw millraceError('USAGE', `"${pair}" is not name=value`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
