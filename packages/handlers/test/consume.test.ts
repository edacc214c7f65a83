import { startBroker } from '@millrace/broker'
import { registerConsumeTests } from './consume-suite.ts'

registerConsumeTests('against the embedded broker', { start: () => startBroker({ memory: true }) })
