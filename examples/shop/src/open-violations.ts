import { kafkaClient, scanTopic } from '@millrace/kafka'
import { ordersOfCustomers } from './integrity.ts'

/** Orders that `integrity.ts` has found without their customer and that are not healed. */
export async function openViolations(brokers: string): Promise<unknown[]> {
  const { name, key } = ordersOfCustomers.violations
  await using client = kafkaClient({ brokers, clientId: 'shop-audit' })
  const open = new Map<string, unknown>()
  for await (const record of scanTopic(client, { topic: name })) {
    if (!record.key) continue
    if (record.value === null) open.delete(record.key.toString())
    else open.set(record.key.toString(), key.deserialize(record.key).child)
  }
  return [...open.values()]
}
