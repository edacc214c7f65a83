import { ConsumerProtocolSubscription, decodeMessage } from '@millrace/protocol'
import { metadataFor } from './group-member.ts'
import type { Group } from './group-store.ts'

/** Protocol type of consumers; others (Connect workers, for one) put other things into their metadata. */
export const consumerProtocolType = 'consumer'

/** Topics that the group's members subscribe to; undefined when the group does not say so in a form known here. */
export function subscribedTopics(group: Group): ReadonlySet<string> | undefined {
  if (group.type === 'consumer') return group.subscribedTopics()
  if (group.protocolType !== consumerProtocolType || group.protocolName === null) return undefined
  const topics = new Set<string>()
  try {
    for (const member of group.members.values()) {
      const metadata = metadataFor(member, group.protocolName)
      // Newer versions only add fields at the end.
      const version = Math.min(metadata.readInt16BE(0), ConsumerProtocolSubscription.validVersions.max)
      for (const topic of decodeMessage(ConsumerProtocolSubscription, version, metadata, 2).topics) topics.add(topic)
    }
  } catch {
    return undefined
  }
  return topics
}
