import {
  type ConsumedRecord,
  errorCodeOf,
  type KafkaClient,
  type ScanOptions,
  scanTopic as scan,
} from '@millrace/kafka'
import { ErrorCode } from '@millrace/protocol'
import { noTopic } from '../errors.ts'

/**
 * Reads a topic for a command that names it.
 * @throws NOT_FOUND when there is no such topic.
 */
export async function* scanTopic(client: KafkaClient, options: ScanOptions): AsyncGenerator<ConsumedRecord> {
  try {
    yield* scan(client, options)
  } catch (error) {
    throw errorCodeOf(error) === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? noTopic(options.topic) : error
  }
}
