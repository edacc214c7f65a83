import { startBroker } from '@millrace/broker'
import { registerRefusedOutputTests } from './support/refused-output-suite.ts'

registerRefusedOutputTests('on the embedded broker', { startBroker: () => startBroker({ memory: true }) })
