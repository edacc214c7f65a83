import { startBroker } from '@millrace/broker'
import { fastGroups } from './support/group-setup.ts'
import { registerRebalanceTests } from './support/rebalance-suite.ts'

registerRebalanceTests('on the embedded broker', {
  startBroker: () => startBroker({ memory: true, config: fastGroups }),
})
