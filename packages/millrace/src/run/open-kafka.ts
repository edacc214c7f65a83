import { isMillraceError, MillraceError } from '@millrace/base'
import { type KafkaClient, type KafkaClientOptions, kafkaClient } from '@millrace/kafka'
import { maskSecrets } from '../config/settings.ts'
import { millraceError } from '../errors.ts'

/** Silence up to here is nothing to worry about. */
const sayWaitingAfterMs = 2_000

/** A client for brokers that people named. @throws BROKERS_INVALID when an entry is not host:port. */
export function openKafka(options: KafkaClientOptions): KafkaClient {
  try {
    return kafkaClient(options)
  } catch (error) {
    if (isMillraceError(error) || !(error instanceof TypeError)) throw error
    throw millraceError('BROKERS_INVALID', maskSecrets('brokers', error.message))
  }
}

/**
 * Waits for a first answer of the cluster, and says on standard error what for when it takes long.
 * @throws KAFKA_TIMEOUT, with a remedy of its own when nothing listens at the address.
 */
export async function firstAnswer(
  client: KafkaClient,
  brokers: string,
): ReturnType<KafkaClient['admin']['describeCluster']> {
  const where = maskSecrets('brokers', brokers)
  const timer = setTimeout(() => console.error(`waiting for ${where} ...`), sayWaitingAfterMs)
  try {
    return await client.admin.describeCluster()
  } catch (error) {
    if (!isMillraceError(error) || !isRefused(error)) throw error
    throw new MillraceError(error.code, error.message, {
      retriable: error.retriable,
      fields: error.fields,
      cause: error.cause,
      remedy: `Nothing listens at ${where}: start the broker ("millrace dev" or "millrace broker" bring one), or name another address with --brokers or MILLRACE_BROKERS.`,
    })
  } finally {
    clearTimeout(timer)
  }
}

function isRefused(error: unknown): boolean {
  for (let depth = 0; error instanceof Error && depth < 5; depth++) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' || /ECONNREFUSED/.test(error.message)) return true
    error = error.cause
  }
  return false
}
