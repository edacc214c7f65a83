import type { Header } from '@millrace/protocol'

/** The event id, then the row's own headers; JSON values that are not strings travel as their JSON text. */
export function outboxHeaders(id: Buffer, text: string | null): Header[] {
  const headers: Header[] = [{ key: 'id', value: id }]
  if (text === null || text === '{}') return headers
  const stored: unknown = JSON.parse(text)
  if (typeof stored !== 'object' || stored === null) return headers
  for (const [key, value] of Object.entries(stored)) {
    if (key === 'id') continue
    const bytes = typeof value === 'string' ? value : JSON.stringify(value)
    headers.push({ key, value: value === null ? null : Buffer.from(bytes) })
  }
  return headers
}
