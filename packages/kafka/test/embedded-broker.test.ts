import { seededRandom, systemClock } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { registerClientTests } from './client-suite.ts'
import { memoryBroker } from './memory-broker.ts'

registerClientTests('against the embedded broker over TCP', {
  async start() {
    const broker = await startBroker({
      memory: true,
      worker: false,
      config: { 'group.initial.rebalance.delay.ms': '0' },
    })
    return { client: () => kafkaClient({ brokers: broker.brokers }), close: () => broker.close() }
  },
})

registerClientTests('against the broker core in memory', {
  async start() {
    const { transport, core } = memoryBroker({ clock: systemClock, random: seededRandom(1) })
    return { client: () => kafkaClient({ brokers: 'broker:9092', transport }), close: async () => core.close() }
  },
})

registerClientTests('against the broker core in memory, transactions version 1', {
  async start() {
    const { transport, core } = memoryBroker({ clock: systemClock, random: seededRandom(1), transactionVersion: 1 })
    return { client: () => kafkaClient({ brokers: 'broker:9092', transport }), close: async () => core.close() }
  },
})
