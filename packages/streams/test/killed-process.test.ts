import { startBroker } from '@millrace/broker'
import { registerTakeoverTests } from './support/takeover-suite.ts'

registerTakeoverTests('on the embedded broker', {
  startBroker: () => startBroker({ config: { 'group.min.session.timeout.ms': '500' } }),
})
