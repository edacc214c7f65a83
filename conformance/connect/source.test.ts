import { registerSourceCrashTest } from '../../packages/connect/test/support/source-crash-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'

registerSourceCrashTest('on Apache Kafka', {
  skip: apacheKafkaUnavailable(),
  startBroker: () => startApacheKafka(),
  kills: 4,
})
