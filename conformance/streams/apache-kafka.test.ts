import { registerInstanceTests } from '../../packages/streams/test/support/instance-suite.ts'
import { registerTakeoverTests } from '../../packages/streams/test/support/takeover-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'

const skip = apacheKafkaUnavailable()

registerInstanceTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka() })
registerTakeoverTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka() })
