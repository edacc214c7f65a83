import { startBroker } from '@millrace/broker'
import { fastGroups } from './support/group-setup.ts'
import { registerThreadTests } from './support/threads-suite.ts'

registerThreadTests('on the embedded broker', { startBroker: () => startBroker({ memory: true, config: fastGroups }) })
