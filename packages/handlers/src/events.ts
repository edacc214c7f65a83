import { channel } from 'node:diagnostics_channel'

/** What a running handler tells on `node:diagnostics_channel`; never a payload. */
export interface HandlerEvent {
  readonly groupId: string
  readonly topic: string
  readonly partition?: number
  readonly offset?: number
  readonly attempt?: number
  readonly delayMs?: number
  readonly error?: unknown
}

const channels = {
  /** An attempt failed and will be repeated. */
  retry: channel('millrace:handlers:retry'),
  /** Database, broker or another service is away; the partition waits. */
  outage: channel('millrace:handlers:outage'),
  /** The first success after an outage. */
  resumed: channel('millrace:handlers:resumed'),
  /** A message went to the dead-letter topic. */
  deadLetter: channel('millrace:handlers:dead-letter'),
  /** A message was left out, as `onFailure` said. */
  skipped: channel('millrace:handlers:skipped'),
  /** Offsets could not be committed; the next commit includes them. */
  commitFailed: channel('millrace:handlers:commit-failed'),
  /** The handler stopped because of an error. */
  failed: channel('millrace:handlers:failed'),
} as const

export type HandlerEventName = keyof typeof channels

export function publish(name: HandlerEventName, event: HandlerEvent): void {
  if (channels[name].hasSubscribers) channels[name].publish(event)
}
