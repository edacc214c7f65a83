import { seededRandom, systemClock } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { consumerProtocolTimes, registerClientTests } from './client-suite.ts'
import { memoryBroker } from './memory-broker.ts'

const config = consumerProtocolTimes

registerClientTests('against the embedded broker over TCP', {
  async start() {
    const broker = await startBroker({
      memory: true,
      worker: false,
      config: { 'group.initial.rebalance.delay.ms': '0', ...config },
    })
    return { client: () => kafkaClient({ brokers: broker.brokers }), close: () => broker.close() }
  },
})

registerClientTests('against the broker core in memory', {
  async start() {
    const { transport, core } = memoryBroker({ clock: systemClock, random: seededRandom(1), config })
    return { client: () => kafkaClient({ brokers: 'broker:9092', transport }), close: async () => core.close() }
  },
})

registerClientTests('against the broker core in memory, transactions version 1', {
  async start() {
    const { transport, core } = memoryBroker({
      clock: systemClock,
      random: seededRandom(1),
      config,
      transactionVersion: 1,
    })
    return { client: () => kafkaClient({ brokers: 'broker:9092', transport }), close: async () => core.close() }
  },
})
