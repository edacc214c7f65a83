import { startBroker } from '@millrace/broker'
import { registerSinkCrashTest } from './support/sink-crash-suite.ts'

registerSinkCrashTest('on the embedded broker', { startBroker: () => startBroker({ memory: true }), kills: 7 })
