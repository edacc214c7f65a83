import { millraceError } from '../../errors.ts'
import { ask } from '../gateway-client.ts'
import { printJson, printTable } from '../output.ts'

interface QueryFlags {
  readonly url: string
  readonly from?: string
  readonly to?: string
  readonly prefix?: string
  readonly reverse?: boolean
  readonly asOf?: string
  readonly versions?: boolean
  readonly limit: number
  readonly json?: boolean
}

interface Entry {
  readonly key: string
  readonly value: unknown
  readonly timestamp: number
  readonly start?: number
  readonly end?: number
  /** null: valid still. */
  readonly validTo?: number | null
}

/** `millrace query`: a key, a range, or the windows, sessions or versions of a key, from any instance's gateway. */
export async function queryCommand(store: string, key: string | undefined, flags: QueryFlags): Promise<void> {
  const path = `/stores/${encodeURIComponent(store)}${key === undefined ? '' : `/${encodeURIComponent(key)}`}`
  const parameters = new URLSearchParams()
  if (flags.from !== undefined) parameters.set('from', key === undefined ? flags.from : moment(flags.from))
  if (flags.to !== undefined) parameters.set('to', key === undefined ? flags.to : moment(flags.to))
  if (key === undefined) parameters.set('limit', String(flags.limit))
  if (flags.prefix !== undefined) parameters.set('prefix', flags.prefix)
  if (flags.reverse) parameters.set('reverse', 'true')
  if (flags.asOf !== undefined) parameters.set('asOf', moment(flags.asOf))
  if (flags.versions) parameters.set('versions', 'true')
  const body = await ask(flags.url, `${path}?${parameters}`)
  if (flags.json) {
    printJson(body)
    return
  }
  const { entries, windows, sessions, versions } = body as { readonly [field: string]: readonly Entry[] | undefined }
  const spans = windows ?? sessions
  const time = (ms: number | null | undefined): string => (typeof ms === 'number' ? new Date(ms).toISOString() : '')
  if (versions) {
    printTable(
      ['key', 'valid from', 'valid to', 'value'],
      versions.map((v) => [v.key, time(v.timestamp), time(v.validTo), JSON.stringify(v.value)]),
    )
  } else if (spans) {
    printTable(
      ['key', 'start', 'end', 'value'],
      spans.map((w) => [w.key, time(w.start), time(w.end), JSON.stringify(w.value)]),
    )
  } else {
    const rows = entries ?? [body as Entry]
    printTable(
      ['key', 'timestamp', 'value'],
      rows.map((e) => [e.key, time(e.timestamp), JSON.stringify(e.value)]),
    )
  }
}

function moment(text: string): string {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(ms)) throw millraceError('USAGE', `"${text}" is neither an ISO time nor milliseconds`)
  return String(ms)
}
