import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ConnectorStatus } from '@millrace/connect'

const channelName = 'millrace:connect:state'

/**
 * Tells people when a connector runs, waits for something, or has failed, once for each reason: one that tries again
 * every few seconds says so once, until it runs or something else keeps it.
 */
export function reportConnectors(
  connectors: readonly { readonly name: string }[],
  onEvent: (text: string) => void,
): Disposable {
  const names = new Set(connectors.map(({ name }) => name))
  const lastTold = new Map<string, string>()
  const onState = (message: unknown): void => {
    const status = message as ConnectorStatus
    if (!names.has(status.name)) return
    const text = eventText(status)
    if (text === undefined || lastTold.get(status.name) === text) return
    lastTold.set(status.name, text)
    onEvent(text)
  }
  subscribe(channelName, onState)
  return { [Symbol.dispose]: () => void unsubscribe(channelName, onState) }
}

function eventText({ name, state, activity, error }: ConnectorStatus): string | undefined {
  switch (state) {
    case 'running':
      return `${name}: running`
    case 'retrying':
      return error ? `${name}: tries again: ${error.message} [${error.code}]; ${error.remedy}` : `${name}: tries again`
    case 'standby':
      return `${name}: stands by: ${activity}`
    case 'failed':
      return `${name}: failed`
    case 'starting':
    case 'stopped':
      return undefined
  }
}
