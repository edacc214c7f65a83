import { serdes, topic } from '@millrace/contracts'

export interface Event {
  readonly key: string
  readonly seq: number
}

export const events = topic('events', { key: serdes.string, value: serdes.json<Event>(), partitions: 3 })
