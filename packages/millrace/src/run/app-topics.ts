import type { TopicSpec } from '@millrace/connect'
import type { Topology } from '@millrace/streams'
import { readTopics, runnable, writtenTopics } from '@millrace/streams/internal'

/** The topics of an application as their contracts describe them; its internal ones are its own affair. */
export interface AppTopics {
  readonly read: readonly TopicSpec[]
  readonly written: readonly TopicSpec[]
}

/** @throws STREAMS_TOPOLOGY_INVALID */
export function topicsOf(topology: Topology): AppTopics {
  const plan = runnable(topology).plan()
  return { read: readTopics(plan), written: writtenTopics(plan) }
}
