import { isMillraceError } from '@millrace/base'
import { type KafkaClient, type KafkaClientOptions, kafkaClient } from '@millrace/kafka'
import { maskSecrets } from '../config/settings.ts'
import { millraceError } from '../errors.ts'
import { isRefused } from './nobody-listens.ts'

/** Silence up to here is nothing to worry about. */
const sayWaitingAfterMs = 2_000

/** People wait: attempts end sooner than a service's, also at a listener that takes a connection and says nothing. */
export const impatient = { operationTimeoutMs: 8_000, requestTimeoutMs: 8_000 } as const

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
  const unreachable = (cause: unknown): Error =>
    millraceError('BROKERS_UNREACHABLE', `nothing listens at ${where}`, { brokers: where }, cause)
  const inVain = nobodyListens?.catch((cause: unknown): never => {
    throw unreachable(cause)
  })
  const timer = setTimeout(() => console.error(`waiting for ${where} ...`), sayWaitingAfterMs)
  try {
    const answer = client.admin.describeCluster()
    return await (inVain ? Promise.race([answer, inVain]) : answer)
  } catch (error) {
    // The last address may have refused where another one only says nothing: who watches all of them knows better.
    throw inVain || !isRefused(error) ? error : unreachable(error)
  } finally {
    clearTimeout(timer)
  }
}
