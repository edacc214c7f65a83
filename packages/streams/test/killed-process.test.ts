import { startBroker } from '@millrace/broker'
import { registerTakeoverTests } from './support/takeover-suite.ts'

registerTakeoverTests('on the embedded broker', {
  startBroker: () => startBroker({ config: { 'group.min.session.timeout.ms': '500' } }),
})

registerTakeoverTests(
  'on the embedded broker, two threads each, with standby copies',
  { startBroker: () => startBroker({ config: { 'group.min.session.timeout.ms': '500' } }) },
  { threads: 2, numStandbyReplicas: 1 },
)
