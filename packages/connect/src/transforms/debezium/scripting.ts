import { configDef } from '../../config/config-def.ts'
import type { Validator } from '../../config/config-key.ts'
import { JavaRegex, validRegex } from '../../data/java-regex.ts'
import type { ConnectRecord } from '../../data/record.ts'
import { compileExpression, type Scope } from '../expression/expression.ts'
import { failed, isNothing, plugin } from '../plugin-makers.ts'
import { debeziumPackage } from './envelope.ts'

const names = ['key', 'keySchema', 'value', 'valueSchema', 'topic', 'header', 'headers'] as const

const validExpression = ((text: string) => {
  try {
    compileExpression(text, names)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}) as Validator

const validLanguage = ((language: string) => {
  if (/^jsr223\.(groovy|js|javascript|graal\.js)$/i.test(language)) return undefined
  return 'must be jsr223.groovy or jsr223.graal.js, of whose expressions those are understood that look alike in both'
}) as Validator

const common = {
  language: { type: 'string', valid: validLanguage, importance: 'high', doc: 'The language of the expression.' },
  'topic.regex': {
    type: 'string',
    default: null,
    valid: validRegex,
    importance: 'low',
    doc: 'Topics whose records are judged; others pass.',
  },
  'null.handling.mode': {
    type: 'string',
    oneOf: ['keep', 'drop', 'evaluate'],
    ignoreCase: true,
    default: 'keep',
    importance: 'low',
    doc: 'What becomes of records without value.',
  },
} as const

const filterDefinition = configDef({
  condition: {
    type: 'string',
    valid: validExpression,
    importance: 'high',
    doc: "True keeps the record, as in value.op == 'u' && value.before.id == 2.",
  },
  ...common,
})

/** Keeps the records for which a condition is true. */
export const scriptFilter = plugin(`${debeziumPackage}.Filter`, filterDefinition, (config) => {
  const evaluate = evaluator(config.condition)
  return judged(config, (record) => {
    const result = evaluate(record)
    if (typeof result === 'boolean') return result ? record : undefined
    throw failed(`the condition ${config.condition} is neither true nor false`)
  })
})

const routerDefinition = configDef({
  'topic.expression': {
    type: 'string',
    valid: validExpression,
    importance: 'high',
    doc: "The topic, or null for the record's own, as in value.op == 'u' ? 'updates' : null.",
  },
  ...common,
})

/** Gives records the topic that an expression says. */
export const contentBasedRouter = plugin(`${debeziumPackage}.ContentBasedRouter`, routerDefinition, (config) => {
  const evaluate = evaluator(config['topic.expression'])
  return judged(config, (record) => {
    const topic = evaluate(record) ?? null
    if (topic === null) return record
    if (typeof topic === 'string') return { ...record, topic }
    throw failed(`the topic expression ${config['topic.expression']} yields no text`)
  })
})

interface Conditions {
  readonly 'topic.regex': string | undefined
  readonly 'null.handling.mode': 'keep' | 'drop' | 'evaluate'
}

type Judge = (record: ConnectRecord) => ConnectRecord | undefined

function judged(config: Conditions, judge: Judge): Judge {
  const { 'topic.regex': pattern, 'null.handling.mode': mode } = config
  const topics = pattern === undefined || pattern === '' ? undefined : new JavaRegex(pattern)
  return (record) => {
    if (topics && !topics.matches(record.topic)) return record
    if (isNothing(record.value) && mode !== 'evaluate') return mode === 'keep' ? record : undefined
    return judge(record)
  }
}

function evaluator(text: string): (record: ConnectRecord) => unknown {
  const evaluate = compileExpression(text, names)
  return (record) => {
    try {
      return evaluate(scopeOf(record))
    } catch (error) {
      throw failed(`${text}: ${(error as Error).message}`)
    }
  }
}

function scopeOf({ key, value, topic, headers }: ConnectRecord): Scope {
  const byName = Object.fromEntries(
    headers.map((header) => [header.key, { value: header.value, schema: header.schema }]),
  )
  return {
    key: key.value,
    keySchema: key.schema,
    value: value.value,
    valueSchema: value.schema,
    topic,
    header: byName,
    headers: byName,
  }
}
