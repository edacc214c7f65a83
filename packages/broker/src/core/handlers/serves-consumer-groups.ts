import type { BrokerCore } from '../broker-core.ts'
import { listElements } from '../config/definition.ts'

/** Whether the feature that KIP-848 comes with is in force, and the setting does not turn it off. */
export function servesConsumerGroups({ config, features }: BrokerCore): boolean {
  const protocols = listElements(config.string('group.coordinator.rebalance.protocols'))
  return features.level('group.version') >= 1 && protocols.includes('consumer')
}
