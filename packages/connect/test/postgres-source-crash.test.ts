import { startBroker } from '@millrace/broker'
import { registerSourceCrashTest } from './support/source-crash-suite.ts'

registerSourceCrashTest('on the embedded broker', { startBroker: () => startBroker({ memory: true }), kills: 7 })
