import { kafkaClient } from '@millrace/kafka'
import { consumerProtocolTimes, registerClientTests } from '../../packages/kafka/test/client-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from './apache-kafka.ts'

const skip = apacheKafkaUnavailable()

for (const version of [1, 2]) {
  registerClientTests(`against Apache Kafka, transactions version ${version}`, {
    skip,
    async start() {
      const kafka = await startApacheKafka({
        config: consumerProtocolTimes,
        features: { 'transaction.version': version },
      })
      return { client: () => kafkaClient({ brokers: kafka.brokers }), close: () => kafka.close() }
    },
  })
}
