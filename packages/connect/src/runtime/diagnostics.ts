import { channel } from 'node:diagnostics_channel'
import type { ConnectorStatus } from './status.ts'

const states = channel('millrace:connect:state')

/** Publishes a connector's status at every change of its state on `millrace:connect:state`. */
export function report(status: ConnectorStatus): void {
  if (states.hasSubscribers) states.publish(status)
}
