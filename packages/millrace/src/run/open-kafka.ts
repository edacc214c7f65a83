import { isMillraceError } from '@millrace/base'
import { type KafkaClient, type KafkaClientOptions, kafkaClient } from '@millrace/kafka'
import { maskSecrets } from '../config/settings.ts'
import { millraceError } from '../errors.ts'
import { isRefused } from './nobody-listens.ts'

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

export interface FirstAnswerOptions {
  /** Rejects when waiting is in vain: for commands that promise nobody to wait. */
  readonly nobodyListens?: Promise<never>
}

/**
 * Waits for a first answer of the cluster, and says on standard error what for when it takes long.
 * @throws BROKERS_UNREACHABLE when nothing listens at the address, else KAFKA_TIMEOUT
 */
export async function firstAnswer(
  client: KafkaClient,
  brokers: string,
  { nobodyListens }: FirstAnswerOptions = {},
): ReturnType<KafkaClient['admin']['describeCluster']> {
  const where = maskSecrets('brokers', brokers)
  const timer = setTimeout(() => console.error(`waiting for ${where} ...`), sayWaitingAfterMs)
  try {
    const answer = client.admin.describeCluster()
    return await (nobodyListens === undefined ? answer : Promise.race([answer, nobodyListens]))
  } catch (error) {
    if (!isRefused(error)) throw error
    throw millraceError('BROKERS_UNREACHABLE', `nothing listens at ${where}`, { brokers: where }, error)
  } finally {
    clearTimeout(timer)
  }
}
