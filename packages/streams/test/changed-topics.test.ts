import { startBroker } from '@millrace/broker'
import { registerChangedTopicTests } from './support/changed-topics-suite.ts'

registerChangedTopicTests('on the embedded broker', { startBroker: () => startBroker({ memory: true }) })
