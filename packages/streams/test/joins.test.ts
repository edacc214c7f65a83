import { startBroker } from '@millrace/broker'
import { fastGroups } from './support/group-setup.ts'
import { registerJoinTests } from './support/join-suite.ts'

registerJoinTests('on the embedded broker', { startBroker: () => startBroker({ memory: true, config: fastGroups }) })
