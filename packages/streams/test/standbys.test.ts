import { startBroker } from '@millrace/broker'
import { fastGroups } from './support/group-setup.ts'
import { registerStandbyTests } from './support/standby-suite.ts'

registerStandbyTests('on the embedded broker', { startBroker: () => startBroker({ memory: true, config: fastGroups }) })
