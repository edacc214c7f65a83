import { type ConfigDef, configDef } from '../../config/config-def.ts'
import { between, nonEmpty, type Validator } from '../../config/config-key.ts'
import { consumerOverrides, producerOverrides } from './client-overrides.ts'

// Names, defaults and groups as `org.apache.kafka.connect.runtime.ConnectorConfig` and its two descendants have them.

const regex: Validator = (value: string) => {
  try {
    new RegExp(value)
    return undefined
  } catch (error) {
    return `Not a regular expression: ${(error as Error).message}`
  }
}

const distinct: Validator = (aliases: readonly string[]) =>
  new Set(aliases).size < aliases.length ? 'Duplicate alias provided.' : undefined

/** A name stands in paths of URLs, where these two mean something else. */
const addressable: Validator = (name: string) =>
  name === '.' || name === '..' || /\p{Cc}/u.test(name) ? 'Not a name that a URL can hold' : undefined

const converterKey = (what: string) =>
  ({
    type: 'class',
    default: null,
    importance: 'low',
    group: 'Common',
    width: 'short',
    doc: `Class of the converter for ${what}; default: the worker's.`,
  }) as const

/** A range of versions (KIP-891). */
const pluginVersion = (importance: 'medium' | 'low', width: 'medium' | 'short') =>
  ({
    type: 'string',
    default: null,
    importance,
    group: 'Common',
    width,
    doc: 'Which versions will do.',
    notSupported: 'there is one version of each plugin',
  }) as const

/** What sources and sinks have in common. */
export const connectorConfig = configDef(
  {
    name: {
      type: 'string',
      importance: 'high',
      group: 'Common',
      width: 'medium',
      valid: [nonEmpty, addressable],
      doc: 'Names the connector; stable for its life.',
    },
    'connector.class': {
      type: 'string',
      importance: 'high',
      group: 'Common',
      width: 'long',
      doc: 'Class of the connector, or its short name.',
    },
    'connector.plugin.version': pluginVersion('medium', 'medium'),
    'tasks.max': {
      type: 'int',
      default: 1,
      valid: between(1),
      importance: 'high',
      group: 'Common',
      width: 'short',
      doc: 'The most tasks that the connector may use. It uses one.',
    },
    'tasks.max.enforce': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: 'Common',
      width: 'short',
      doc: 'Whether more tasks than that are refused; there never are.',
    },
    'key.converter': converterKey('keys'),
    'key.converter.plugin.version': pluginVersion('low', 'short'),
    'value.converter': converterKey('values'),
    'value.converter.plugin.version': pluginVersion('low', 'short'),
    'header.converter': converterKey('headers'),
    'header.converter.plugin.version': pluginVersion('low', 'short'),
    transforms: {
      type: 'list',
      default: [],
      valid: distinct,
      importance: 'low',
      group: 'Transforms',
      width: 'long',
      doc: 'Aliases of the transforms, in the order in which they are applied.',
    },
    predicates: {
      type: 'list',
      default: [],
      valid: distinct,
      importance: 'low',
      group: 'Predicates',
      width: 'long',
      doc: 'Aliases of the predicates that transforms name.',
    },
    'config.action.reload': {
      type: 'string',
      default: 'restart',
      oneOf: ['none', 'restart'],
      importance: 'low',
      group: 'Common',
      width: 'medium',
      doc: 'What to do when a secret changes; secrets are read when the connector starts.',
    },
    'errors.retry.timeout': {
      type: 'long',
      default: 0,
      valid: between(-1),
      importance: 'medium',
      group: 'Error Handling',
      width: 'medium',
      doc: 'Milliseconds that a failure of a transform or converter that may pass is tried again; -1 for ever.',
    },
    'errors.retry.delay.max.ms': {
      type: 'long',
      default: 60_000,
      valid: between(1),
      importance: 'medium',
      group: 'Error Handling',
      width: 'medium',
      doc: 'The longest wait between two attempts.',
    },
    'errors.tolerance': {
      type: 'string',
      default: 'none',
      oneOf: ['none', 'all'],
      importance: 'medium',
      group: 'Error Handling',
      width: 'short',
      doc: 'none: the first bad record stops the connector; all: bad records are set aside or skipped.',
    },
    'errors.log.enable': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      group: 'Error Handling',
      width: 'short',
      doc: 'Whether bad records are logged.',
    },
    'errors.log.include.messages': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      group: 'Error Handling',
      width: 'short',
      doc: 'Whether the log shows key and value of a bad record.',
    },
    'errors.deadletterqueue.topic.name': {
      type: 'string',
      default: '',
      importance: 'medium',
      group: 'Error Handling',
      width: 'medium',
      doc: 'Topic for bad records with errors.tolerance=all; empty skips them.',
    },
    'errors.deadletterqueue.topic.replication.factor': {
      type: 'short',
      default: 3,
      valid: between(-1),
      importance: 'medium',
      group: 'Error Handling',
      width: 'medium',
      doc: "Of that topic, where it has to be created; left out or -1, the broker's.",
    },
    'errors.deadletterqueue.context.headers.enable': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      group: 'Error Handling',
      width: 'medium',
      doc: 'Whether headers tell where a bad record came from and what was wrong.',
    },
  },
  {},
)

const sourceKeys = configDef({
  'exactly.once.support': {
    type: 'string',
    default: 'requested',
    oneOf: ['requested', 'required'],
    ignoreCase: true,
    importance: 'medium',
    group: 'Exactly Once Support',
    width: 'short',
    doc: 'Every source here is exactly once; both are granted.',
  },
  'transaction.boundary': {
    type: 'string',
    default: 'poll',
    oneOf: ['poll', 'interval', 'connector'],
    ignoreCase: true,
    importance: 'medium',
    group: 'Exactly Once Support',
    width: 'short',
    doc: 'When a transaction is committed: after each batch that the source yields, at intervals, or where the connector says.',
  },
  'transaction.boundary.interval.ms': {
    type: 'long',
    default: null,
    // An open transaction may take twice this, and brokers end longer ones than 15 minutes.
    valid: between(0, 450_000),
    importance: 'low',
    group: 'Exactly Once Support',
    width: 'short',
    doc: 'With transaction.boundary=interval; a minute unless it is said.',
  },
  'offsets.storage.topic': {
    type: 'string',
    default: null,
    valid: nonEmpty,
    importance: 'low',
    group: 'offsets.topic',
    width: 'long',
    doc: "Topic for this connector's position; default: the worker's.",
  },
  'topic.creation.groups': {
    type: 'list',
    default: [],
    valid: distinct,
    importance: 'low',
    group: 'Topic Creation',
    width: 'long',
    doc: 'Groups of topics, tried in this order, that are created with settings of their own.',
  },
})

const sinkKeys = configDef({
  topics: {
    type: 'list',
    default: [],
    importance: 'high',
    group: 'Common',
    width: 'long',
    doc: 'Topics to read; or topics.regex.',
  },
  'topics.regex': {
    type: 'string',
    default: '',
    valid: regex,
    importance: 'high',
    group: 'Common',
    width: 'long',
    doc: 'Names the topics to read by a regular expression; those that exist when the connector starts.',
  },
})

export const sourceConfig = connectorConfig.and(sourceKeys).and(producerOverrides)
export const sinkConfig = connectorConfig.and(sinkKeys).and(consumerOverrides)

/** Settings of topics that a source creates, under `topic.creation.<group>.`; other names there are settings of the topic. */
export function topicCreationConfig(group: string): ConfigDef {
  const isDefault = group === 'default'
  const prefix = `topic.creation.${group}.`
  const list = (value: readonly string[]) =>
    ({ type: 'list', default: value, importance: 'low', doc: 'Regular expressions of topic names.' }) as const
  const required = isDefault ? {} : { default: -1 }
  return configDef({
    ...(!isDefault && { include: list([]), exclude: list([]) }),
    'replication.factor': {
      type: 'short',
      ...required,
      valid: between(-1),
      importance: 'low',
      doc: "-1 takes the broker's.",
    },
    partitions: { type: 'int', ...required, valid: between(-1), importance: 'low', doc: "-1 takes the broker's." },
  }).under(prefix, `Topic Creation: ${group}`)
}

/** What a transform has beside its own names. */
export const transformStageConfig = configDef({
  type: { type: 'class', importance: 'high', doc: 'Class of the transform, or its short name.' },
  predicate: {
    type: 'string',
    default: null,
    importance: 'medium',
    doc: 'Alias of the predicate that decides for which records it is applied.',
  },
  negate: { type: 'boolean', default: false, importance: 'medium', doc: 'Apply it where the predicate does not hold.' },
})

export const predicateStageConfig = configDef({
  type: { type: 'class', importance: 'high', doc: 'Class of the predicate, or its short name.' },
})
