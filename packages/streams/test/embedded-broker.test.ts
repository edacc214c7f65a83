import { startBroker } from '@millrace/broker'
import { registerInstanceTests } from './support/instance-suite.ts'

registerInstanceTests('on the embedded broker', { startBroker: () => startBroker({ memory: true }) })
