import { startBroker } from '@millrace/broker'
import { fastGroups } from './support/group-setup.ts'
import { registerOperationsTests } from './support/operations-suite.ts'

registerOperationsTests('on the embedded broker', {
  startBroker: () => startBroker({ memory: true, config: fastGroups }),
})
