import { consumerKeys, producerKeys } from './client-keys.ts'
import type { ConfigTable } from './config-rule.ts'
import type { StreamsConfig } from './read-config.ts'
import { streamsKeys } from './streams-keys.ts'

/** What Kafka Streams sets for its producers under exactly_once_v2. */
const exactlyOnce: StreamsConfig = { 'commit.interval.ms': '100', 'transaction.timeout.ms': '10000' }

/**
 * Fills settings up with the defaults of Kafka Streams 4.3, where ours differ: for an application that moves over and is to
 * behave as it did.
 *
 * @example
 * startStreams({ topology, brokers, config: kafkaStreamsConfig({ 'num.stream.threads': '1' }) })
 */
export function kafkaStreamsConfig(given: StreamsConfig = {}): StreamsConfig {
  const isExactlyOnce = given['processing.guarantee'] === 'exactly_once_v2'
  return {
    ...differing(producerKeys),
    ...differing(consumerKeys),
    ...differing(streamsKeys),
    ...(isExactlyOnce ? exactlyOnce : {}),
    ...given,
  }
}

function differing(table: ConfigTable): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [key, rule] of Object.entries(table)) {
    if (rule.defaultHere !== undefined && rule.default) found[key] = rule.default
  }
  return found
}
