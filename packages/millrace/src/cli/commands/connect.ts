import { forgetPosition, storedPosition } from '@millrace/connect'
import { millraceError, notFound } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
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

/** `millrace connect forget`: removes a source's stored position; one that still runs is fenced. */
export async function forgetSource(source: string, flags: DailyFlags & { readonly yes?: boolean }): Promise<void> {
  await withKafka(flags, async (client) => {
    const position = await storedPosition(client, source)
    if (!position)
      throw notFound(
        `no position is stored for a source "${source}"`,
        'List the sources with "millrace connect status".',
      )
    if (!flags.yes) {
      const what = `this would forget that ${source} stands at ${JSON.stringify(position)}`
      throw millraceError('CONFIRMATION_NEEDED', what, { source })
    }
    await forgetPosition(client, source)
    if (flags.json) printJson({ source, forgotten: position })
    else console.log(`forgot the position of ${source}; it stood at ${JSON.stringify(position)}`)
  })
}
