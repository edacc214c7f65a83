import { registerChangedTopicTests } from '../../packages/streams/test/support/changed-topics-suite.ts'
import { registerChangedTopologyTests } from '../../packages/streams/test/support/changed-topology-suite.ts'
import { registerFailureTests } from '../../packages/streams/test/support/failure-suite.ts'
import { fastGroups } from '../../packages/streams/test/support/group-setup.ts'
import { registerInstanceTests } from '../../packages/streams/test/support/instance-suite.ts'
import { registerJoinTests } from '../../packages/streams/test/support/join-suite.ts'
import { registerOperationsTests } from '../../packages/streams/test/support/operations-suite.ts'
import { registerRebalanceTests } from '../../packages/streams/test/support/rebalance-suite.ts'
import { registerRefusedOutputTests } from '../../packages/streams/test/support/refused-output-suite.ts'
import { registerResetTests } from '../../packages/streams/test/support/reset-suite.ts'
import { registerStandbyTests } from '../../packages/streams/test/support/standby-suite.ts'
import { registerTakeoverTests } from '../../packages/streams/test/support/takeover-suite.ts'
import { registerThreadTests } from '../../packages/streams/test/support/threads-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { sharedKafka } from './shared-kafka.ts'

const skip = apacheKafkaUnavailable()
const shared = sharedKafka({ config: fastGroups })

registerInstanceTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka() })
registerTakeoverTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka() })
registerResetTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka() })
registerStandbyTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka({ config: fastGroups }) })
registerRebalanceTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka({ config: fastGroups }) })
registerOperationsTests('on Apache Kafka', { skip, startBroker: () => startApacheKafka({ config: fastGroups }) })
registerRefusedOutputTests('on Apache Kafka', { skip, startBroker: shared })
registerChangedTopicTests('on Apache Kafka', { skip, startBroker: shared })
registerThreadTests('on Apache Kafka', { skip, startBroker: shared })
registerChangedTopologyTests('on Apache Kafka', { skip, startBroker: shared })
registerFailureTests('on Apache Kafka', { skip, startBroker: shared })
registerJoinTests('on Apache Kafka', { skip, startBroker: shared })
