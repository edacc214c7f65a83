import { startBroker } from '@millrace/broker'
import { registerDeskTests } from './support/desk-suite.ts'

registerDeskTests('on the embedded broker', { startBroker: () => startBroker({ memory: true, worker: false }) })
