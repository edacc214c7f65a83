import { registerDeskTests } from '../../packages/connect/test/support/desk-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'

registerDeskTests('on Apache Kafka', { skip: apacheKafkaUnavailable(), startBroker: () => startApacheKafka() })
