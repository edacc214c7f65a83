import { randomUUID } from 'node:crypto'
import type { Clock } from '@millrace/base'
import { connectError } from '../../../errors.ts'
import { tableText } from '../../../postgres/identifiers.ts'
import type { Relation } from '../row.ts'
import { EnvelopeMapper, type EnvelopeMapperOptions, type FactsReader } from './envelope-mapper.ts'
import { contextHeaders } from './event.ts'
import { JsonEventWriter } from './json-event-writer.ts'
import { MessageEvents } from './message-events.ts'
import { RecordEventWriter } from './record-event-writer.ts'
import type { Reselection } from './reselection.ts'
import type { BadValueHandler } from './row-json.ts'
import type { SlotXmin } from './slot-xmin.ts'
import type { ShapeOptions } from './table-shape.ts'
import { TransactionEvents } from './transaction-events.ts'

export interface EnvelopeParts
  extends Omit<ShapeOptions, 'topicOf' | 'onLeftOut' | 'onShownInKey'>,
    Pick<EnvelopeMapperOptions, 'includesTable' | 'skipped' | 'skipUnchanged' | 'tombstones'> {
  /** In the block `source` and in headers. */
  readonly name: string
  readonly database: string
  readonly topics: {
    readonly rows: (relation: Relation) => string
    readonly transactions: string
    readonly messages: string
  }
  readonly hasTransactions: boolean
  readonly hasContextHeaders: boolean
  readonly includesMessage: (prefix: string) => boolean
  /** A value that its schema cannot express: null stands for it, or the connector stops. */
  readonly onBadValue: 'warn' | 'skip' | 'fail'
  /** Events as bytes of JSON; undefined for data, which the connector's converters take. */
  readonly json: { readonly keySchemas: boolean; readonly valueSchemas: boolean } | undefined
  /** Tells people what they should know. */
  readonly tell: (text: string) => void
  readonly catalog: FactsReader
  readonly reselection?: Reselection | undefined
  readonly xmin?: SlotXmin | undefined
  readonly clock: Clock
}

/** A mapper with its writer and what is published beside rows. */
export function envelopeMapper(parts: EnvelopeParts): EnvelopeMapper {
  const { name, database, topics, json, catalog, clock, tell } = parts
  const common = {
    name,
    database,
    headers: parts.hasContextHeaders ? contextHeaders(name, randomUUID()) : [],
    onBadValue: badValueHandler(parts.onBadValue, tell),
    clock,
  }
  const writer = json ? new JsonEventWriter({ ...common, ...json }) : new RecordEventWriter(common)
  const messages = new MessageEvents({
    name,
    database,
    topic: topics.messages,
    binary: parts.modes.binary,
    writer,
    includes: parts.includesMessage,
    clock,
  })
  return new EnvelopeMapper({
    ...parts,
    writer,
    shape: {
      ...parts,
      topicOf: topics.rows,
      onLeftOut: (table, column, type) => tell(`column ${table}.${column} is left out: nobody knows its type ${type}`),
      onShownInKey: (table, column) =>
        tell(
          `column ${table}.${column} is masked in events, and not in their keys; name other columns in message.key.columns`,
        ),
    },
    catalog,
    transactions: parts.hasTransactions ? new TransactionEvents(topics.transactions, writer) : undefined,
    messages,
    isJson: json !== undefined,
  })
}

function badValueHandler(mode: 'warn' | 'skip' | 'fail', tell: (text: string) => void): BadValueHandler {
  return ({ relation }, { field }, error) => {
    const table = tableText(relation)
    if (mode === 'warn') tell(`values of ${table}.${field} are null where they cannot be expressed`)
    if (mode !== 'fail') return
    const message = `a value of ${table}.${field} cannot be expressed: ${error.message}`
    throw connectError('POSTGRES_VALUE_INVALID', message, { table, column: field }, error)
  }
}
