import { randomInt, seededRandom } from '@millrace/base'
import type { Load } from './load.ts'

export const partitions = 4
export const customers = 100_000

export function customerId(number: number): string {
  return `customer-${String(number).padStart(6, '0')}`
}

type Records = Pick<Load, 'record' | 'partition'>

/** Orders of about 150 bytes of JSON, the same each time, by customers in random order; a customer's all lie in one partition. */
export function orders(keys = customers): Records {
  const random = seededRandom(1)
  let customer = 0
  return {
    record(index) {
      const id = customerId(customer)
      const order = {
        orderId: `order-${String(index).padStart(9, '0')}`,
        customerId: id,
        amountCents: randomInt(random, 100_000),
        currency: 'EUR',
        status: 'placed',
        note: 'leave it at the door',
      }
      return { key: Buffer.from(id), value: Buffer.from(JSON.stringify(order)) }
    },
    partition() {
      customer = randomInt(random, keys)
      return customer % partitions
    },
  }
}

/** Every customer once, where its orders are. */
export function customerRows(): Records {
  const countries = ['AT', 'DE', 'FR', 'IT', 'PL', 'SE']
  return {
    record(index) {
      const row = { name: `Customer number ${index}`, country: countries[index % countries.length] }
      return { key: Buffer.from(customerId(index)), value: Buffer.from(JSON.stringify(row)) }
    },
    partition: (index) => index % partitions,
  }
}

/** What an aggregation of orders keeps, of many customers in random order, as Kafka Streams writes it to a changelog. */
export function totalsOf(keys: number): Records {
  const random = seededRandom(2)
  let customer = 0
  return {
    record(index) {
      const value = JSON.stringify({ count: 1 + (index % 1_000), sum: randomInt(random, 10_000_000) })
      return { key: Buffer.from(customerId(customer)), value: Buffer.from(value) }
    },
    partition() {
      customer = randomInt(random, keys)
      return customer % partitions
    },
  }
}
