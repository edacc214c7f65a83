import { startBroker } from '@millrace/broker'
import { registerResetTests } from './support/reset-suite.ts'

registerResetTests('on the embedded broker', { startBroker: () => startBroker({ memory: true }) })
