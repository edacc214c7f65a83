import { configDef } from '../../config/config-def.ts'
import type { Validator } from '../../config/config-key.ts'
import { validRegex } from '../../data/java-regex.ts'

const placements = ['header', 'envelope', 'partition'] as const

/** Where a further column of the outbox goes, and under which name. */
export interface AdditionalField {
  readonly field: string
  readonly placement: (typeof placements)[number]
  readonly alias: string
}

/** The items of `table.fields.additional.placement`: `column:placement` or `column:placement:alias`. */
export function additionalFields(items: readonly string[]): AdditionalField[] {
  return items.map((item) => {
    const [field = '', placement = '', alias = field] = item.split(':').map((part) => part.trim())
    return { field, placement: placement.toLowerCase() as AdditionalField['placement'], alias }
  })
}

const validPlacements = ((items: readonly string[]) => {
  const wrong = items.find((item) => {
    const parts = item.split(':').map((part) => part.trim())
    const isPlaced = (placements as readonly string[]).includes((parts[1] ?? '').toLowerCase())
    return (parts.length !== 2 && parts.length !== 3) || parts.includes('') || !isPlaced
  })
  if (wrong === undefined) return undefined
  return `"${wrong}" is neither column:placement nor column:placement:alias with a placement of ${placements.join(', ')}`
}) as Validator

/** Names and defaults of `io.debezium.transforms.outbox.EventRouter`. */
export const eventRouterConfig = configDef({
  'table.op.invalid.behavior': {
    type: 'string',
    oneOf: ['warn', 'error', 'fatal'],
    ignoreCase: true,
    default: 'warn',
    importance: 'medium',
    doc: 'What to do with an update in the outbox: leave it out and say so, or fail.',
  },
  'table.field.event.id': { type: 'string', default: 'id', importance: 'low', doc: "Column of the event's id." },
  'table.field.event.key': {
    type: 'string',
    default: 'aggregateid',
    importance: 'low',
    doc: 'Column that becomes the key of the record.',
  },
  'table.field.event.type': { type: 'string', default: 'type', importance: 'low', doc: "Column of the event's type." },
  'table.field.event.timestamp': {
    type: 'string',
    default: null,
    importance: 'medium',
    doc: "Column that becomes the record's timestamp, which otherwise is that of the capture.",
  },
  'table.field.event.payload': { type: 'string', default: 'payload', importance: 'low', doc: 'Column of the value.' },
  'table.fields.additional.placement': {
    type: 'list',
    default: null,
    valid: validPlacements,
    importance: 'high',
    doc: 'Further columns and where they go: column:header, column:envelope or column:partition, and an alias after another colon.',
  },
  'table.field.additional.missing': {
    type: 'string',
    oneOf: ['error', 'ignore'],
    ignoreCase: true,
    default: 'error',
    importance: 'medium',
    doc: 'What to do where the table lacks a further column.',
  },
  'table.field.event.schema.version': {
    type: 'string',
    default: null,
    importance: 'low',
    doc: "Column that becomes the version of the value's schema.",
  },
  'route.by.field': {
    type: 'string',
    default: 'aggregatetype',
    importance: 'high',
    doc: 'Column by which events are routed.',
  },
  'route.topic.regex': {
    type: 'string',
    default: '(?<routedByValue>.*)',
    valid: validRegex,
    importance: 'low',
    doc: 'What the value of that column must match as a whole to be replaced.',
  },
  'route.topic.replacement': {
    type: 'string',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Java's notation for a group
    default: 'outbox.event.${routedByValue}',
    importance: 'high',
    doc: 'The topic, in which groups of the expression may stand.',
  },
  'route.tombstone.on.empty.payload': {
    type: 'boolean',
    default: false,
    importance: 'high',
    doc: 'Make a tombstone of an event without payload.',
  },
  'table.expand.json.payload': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    doc: 'Make data of a payload that is JSON in a text, with a schema that follows from it.',
  },
  'table.json.payload.null.behavior': {
    type: 'string',
    oneOf: ['ignore', 'optional_bytes'],
    ignoreCase: true,
    default: 'ignore',
    importance: 'medium',
    doc: 'Leave out fields of such JSON that are null, or keep them as optional bytes.',
  },
  'table.json.payload.empty.array.behavior': {
    type: 'string',
    oneOf: ['ignore', 'optional_string'],
    ignoreCase: true,
    default: 'ignore',
    importance: 'medium',
    doc: 'Leave out fields of such JSON that are empty arrays, or keep them as arrays of optional strings.',
  },
  'tracing.span.context.field': {
    type: 'string',
    default: 'tracingspancontext',
    importance: 'high',
    doc: "Column of the writer's tracing context, in the form of java.util.Properties; its entries become headers.",
  },
  'tracing.operation.name': {
    type: 'string',
    default: 'debezium-read',
    importance: 'high',
    doc: 'Name of the operation on the diagnostics channel millrace:connect:trace.',
  },
  'tracing.with.context.field.only': {
    type: 'boolean',
    default: true,
    importance: 'high',
    doc: "Tell the channel only about events that carry a writer's context.",
  },
})
