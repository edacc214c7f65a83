import { registerConsumeTests } from '../../packages/handlers/test/consume-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'

registerConsumeTests('against Apache Kafka', { skip: apacheKafkaUnavailable(), start: () => startApacheKafka() })
