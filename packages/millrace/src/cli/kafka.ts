import { isMillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { resolveKafkaSettings } from '../config/settings.ts'
import { millraceError } from '../errors.ts'
import { secureTransport } from '../run/kafka-security.ts'
import { watched } from '../run/nobody-listens.ts'
import { firstAnswer, impatient, openKafka } from '../run/open-kafka.ts'

/** What every daily tool takes; how to log in is among the settings. */
export interface DailyFlags {
  readonly brokers: string
  readonly json?: boolean
}

/** Runs `work` with a client that is closed afterwards. */
export async function withKafka<T>(flags: DailyFlags, work: (client: KafkaClient) => Promise<T>): Promise<T> {
  const transport = watched(await secureTransport({ settings: resolved(flags), code: 'USAGE' }), flags.brokers)
  await using client = openKafka({ ...impatient, brokers: flags.brokers, clientId: 'millrace-cli', transport })
  await firstAnswer(client, flags.brokers, transport)
  return await work(client)
}

/** Flags, then the environment; the daily tools read no configuration. */
function resolved(flags: DailyFlags): ReturnType<typeof resolveKafkaSettings> {
  try {
    return resolveKafkaSettings({ flags: { ...flags }, environment: process.env, dotenv: {}, config: {} })
  } catch (error) {
    throw isMillraceError(error) ? millraceError('USAGE', error.message) : error
  }
}
