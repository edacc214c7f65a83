import { printJson, printTable } from '../output.ts'
import { ask } from './query.ts'

interface Connector {
  readonly name: string
  readonly type: string
  readonly state: string
  readonly details: { readonly activity?: string; readonly records?: number; readonly lag?: number }
}

/** `millrace connect status`: sources and sinks of the process behind a gateway. */
export async function connectStatus(flags: { readonly url: string; readonly json?: boolean }): Promise<void> {
  const { connectors } = (await ask(flags.url, '/connectors')) as { connectors: Connector[] }
  if (flags.json) {
    printJson(connectors)
    return
  }
  printTable(
    ['name', 'type', 'state', 'records', 'lag', 'activity'],
    connectors.map(({ name, type, state, details }) => [
      name,
      type,
      state,
      details.records,
      details.lag,
      details.activity,
    ]),
  )
}
