import type { Load } from './load.ts'

export interface UpsertedRow {
  readonly customer_id: string
  readonly amount_cents: number
  readonly currency: string
  readonly status: string
  readonly note: string
}

/** Each key comes twice, far apart, so that half of the writes are updates. */
const repeats = 2

export function keysOf(records: number): number {
  return Math.ceil(records / repeats)
}

const schema = {
  type: 'struct',
  optional: false,
  fields: [
    { field: 'customer_id', type: 'string', optional: false },
    { field: 'amount_cents', type: 'int32', optional: false },
    { field: 'currency', type: 'string', optional: false },
    { field: 'status', type: 'string', optional: false },
    { field: 'note', type: 'string', optional: false },
  ],
}

/** Rows of about 150 bytes, with their schema as Kafka Connect's JSON converter has it. */
export function upsertedRows(records: number): Load['record'] {
  const keys = keysOf(records)
  const prefix = `{"schema":${JSON.stringify(schema)},"payload":`
  return (index) => {
    const row: UpsertedRow = {
      customer_id: `customer-${index % 10_000}`,
      amount_cents: index % 100_000,
      currency: 'EUR',
      status: index < keys ? 'placed' : 'paid',
      note: 'leave it at the door, or with the neighbours',
    }
    return { key: Buffer.from(`order-${index % keys}`), value: Buffer.from(`${prefix}${JSON.stringify(row)}}`) }
  }
}
