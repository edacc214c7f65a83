import { startBroker } from '@millrace/broker'
import { registerChangedTopologyTests } from './support/changed-topology-suite.ts'
import { fastGroups } from './support/group-setup.ts'

registerChangedTopologyTests('on the embedded broker', {
  startBroker: () => startBroker({ memory: true, config: fastGroups }),
})
