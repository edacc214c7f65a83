import type { Client } from 'pg'
import { connectError } from '../../../errors.ts'
import { connectClient, textSettings } from '../../../postgres/driver.ts'
import { quoteIdentifier, quoteTable, tableText } from '../../../postgres/identifiers.ts'
import { postgresError } from '../../../postgres/postgres-errors.ts'
import type { RowView } from '../row.ts'
import { rawTexts } from '../snapshots/table-reader.ts'
import type { RowEvent } from './event.ts'

export interface ReselectionOptions {
  /** By `schema.table:column`. */
  readonly includesColumn: (name: string) => boolean
  /** Large values that were not logged. */
  readonly unavailable: boolean
  readonly nulls: boolean
  /** Find the row by the event's key, and not by the primary key. */
  readonly byEventKey: boolean
  /** What becomes of an event whose row is gone or cannot be read: it is published as it is, or the connector stops. */
  readonly onError: 'warn' | 'fail'
  readonly url: string
  readonly applicationName: string
  readonly tell: (text: string) => void
}

/**
 * Reads columns of a changed row anew where the log does not have them: what Debezium's post-processor
 * `ReselectColumnsPostProcessor` does. The values are those of now, which may be younger than the event.
 */
export class Reselection {
  readonly #options: ReselectionOptions
  #client: Client | undefined

  constructor(options: ReselectionOptions) {
    this.#options = options
  }

  /** Places of the columns that have to be read; undefined where there is none, or no key to find the row by. */
  wanted(event: Pick<RowEvent, 'shape' | 'after' | 'old'>): readonly number[] | undefined {
    const { shape, after, old } = event
    if (!after || shape.key.length === 0) return undefined
    const { includesColumn, unavailable, nulls } = this.#options
    const places: number[] = []
    for (const { index } of shape.columns) {
      const isMissing = after.isUnchanged(index) ? unavailable && isLost(old, index) : nulls && after.isNull(index)
      if (!isMissing) continue
      const { name } = shape.relation.columns[index]!
      if (includesColumn(`${tableText(shape.relation)}:${name}`)) places.push(index)
    }
    return places.length === 0 ? undefined : places
  }

  /** The row with these columns as they are now. */
  async read(event: RowEvent, places: readonly number[]): Promise<RowView> {
    const { onError, tell } = this.#options
    const after = event.after!
    const table = tableText(event.shape.relation)
    try {
      const values = await this.#select(event, places)
      if (values) return new ReselectedRow(after, new Map(places.map((place, i) => [place, values[i]!])))
    } catch (error) {
      await this.close()
      const failure = postgresError(error, `reading columns of ${table} anew`)
      if (onError === 'fail') throw failure
      tell(`columns of ${table} could not be read anew: ${failure.message}`)
      return after
    }
    const problem = `a row of ${table} is gone before its columns were read anew`
    if (onError === 'fail') throw connectError('POSTGRES_VALUE_INVALID', problem, { table })
    tell(problem)
    return after
  }

  async #select({ shape, after, old }: RowEvent, places: readonly number[]): Promise<(string | null)[] | undefined> {
    const { relation, key, rowKey } = shape
    const by = this.#options.byEventKey || rowKey.length === 0 ? key.map(({ index }) => index) : rowKey
    const names = (list: readonly number[]) => list.map((place) => quoteIdentifier(relation.columns[place]!.name))
    const values = by.map((place) => textOf(after!, old, place))
    this.#client ??= await this.#connected()
    const { rows } = await this.#client.query<(string | null)[]>({
      text: `select ${names(places).join(', ')} from ${quoteTable(relation)} where ${names(by)
        .map((name, i) => (values[i] === null ? `${name} is null` : `${name} = $${placeOf(values, i)}`))
        .join(' and ')} limit 1`,
      values: values.filter((value) => value !== null),
      rowMode: 'array',
      types: rawTexts,
    })
    return rows[0]
  }

  async #connected(): Promise<Client> {
    const client = await connectClient(this.#options.url, this.#options.applicationName)
    await client.query(textSettings)
    return client
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }
}

const isLost = (old: RowView | undefined, index: number): boolean => !old || old.isUnchanged(index) || old.isNull(index)

/** Parameters are counted without those that are null. */
const placeOf = (values: readonly (string | null)[], i: number): number =>
  values.slice(0, i + 1).filter((value) => value !== null).length

function textOf(row: RowView, old: RowView | undefined, index: number): string | null {
  if (row.isNull(index)) return null
  return row.isUnchanged(index) && old ? old.text(index) : row.text(index)
}

class ReselectedRow implements RowView {
  readonly #row: RowView
  readonly #values: ReadonlyMap<number, string | null>

  constructor(row: RowView, values: ReadonlyMap<number, string | null>) {
    this.#row = row
    this.#values = values
  }

  isNull(column: number): boolean {
    const value = this.#values.get(column)
    return value === undefined ? this.#row.isNull(column) : value === null
  }

  isUnchanged(column: number): boolean {
    return !this.#values.has(column) && this.#row.isUnchanged(column)
  }

  text(column: number): string {
    return this.#values.get(column) ?? this.#row.text(column)
  }

  bytes(column: number): Buffer {
    return this.#values.has(column) ? Buffer.from(this.text(column)) : this.#row.bytes(column)
  }
}
