// Runs in a browser: asks the gateways in the page's address for state, and tells the server of the page what it was answered.
import { serdes, topic } from '@millrace/contracts'
import { queryClient } from '@millrace/query'

// The browser's own; the types of this repository are Node's.
declare const location: { readonly search: string }
interface ServerSentEvent extends Event {
  readonly data: string
}

const parameters = new URLSearchParams(location.search)
const given = (name: string): string => parameters.get(name) ?? ''
const spent = topic('spent', { key: serdes.string, value: serdes.json<number>() })

async function tell(name: string, what: unknown): Promise<void> {
  await fetch(`/${name}`, { method: 'POST', body: JSON.stringify(what) })
}

async function failureOf(url: string, token?: string): Promise<unknown> {
  const options = token === undefined ? {} : { token }
  const { totals } = queryClient({ url, stores: { totals: spent }, deadlineMs: 500, ...options })
  return totals.get('alice').then(
    (value) => ({ value }),
    (error: { code?: string; fields?: { serverCode?: string } }) => error.fields?.serverCode ?? error.code,
  )
}

async function run(): Promise<void> {
  const [gateway, token] = [given('gateway'), given('token')]
  const { totals } = queryClient({ url: gateway, stores: { totals: spent }, token })
  await tell('key', [await totals.get('alice'), (await totals.get('nobody')) ?? null])
  const range: unknown[] = []
  for await (const { key, value } of totals.range({ from: 'alice', to: 'carol' })) range.push([key, value])
  await tell('range', range)
  await tell('refused', {
    wrongToken: await failureOf(gateway, 'marlin'),
    otherOrigin: await failureOf(given('closed'), token),
  })
  // Server-sent events, which carry no token.
  const source = new EventSource(`${given('open')}/changes/totals?key=bob`)
  source.addEventListener('row', (event) => void tell('event', JSON.parse((event as ServerSentEvent).data).row))
  const events: unknown[] = []
  for await (const event of totals.changes({ prefix: 'a' })) {
    if (event.type === 'live') await tell('live', events)
    else events.push(event.type === 'reset' ? event.type : [event.type, event.key, event.value ?? null])
    if (event.type === 'change') break
  }
  await tell('changes', events)
}

run().catch((error: unknown) => tell('failed', String(error)))
