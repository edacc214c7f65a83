import type { KafkaClient } from '@millrace/kafka'
import type { ConfigDef, Properties } from '../config/config-def.ts'
import type { SinkConnector, SourceConnector, TopicSpec } from './connector.ts'
import type { ErrorPolicy, RecordPipeline } from './pipeline.ts'

/** What the runtime gives a connector that is made from properties. */
export interface PluginContext {
  /** Of the connector: `name` in its properties. */
  readonly name: string
  readonly client: KafkaClient
  /**
   * Converters and transforms of the properties. A source gives records to `SourceOutput.record`, which applies them; where
   * they are what it would write itself (JSON without transforms, say) it may append bytes instead. A sink decodes with them.
   */
  readonly pipeline: RecordPipeline
  readonly errors: ErrorPolicy
  /** Of a sink: what `topics` or `topics.regex` name. Empty for sources. */
  readonly topics: readonly TopicSpec[]
}

interface PluginBase {
  /**
   * Under which `connector.class` names it: the first is the one that `GET /connector-plugins` shows; Debezium's,
   * Confluent's and Kafka's fully qualified names, so that their configs can be brought along. The last part of each, with
   * and without `Connector`, is understood too.
   */
  readonly classNames: readonly [string, ...string[]]
  readonly version: string
  /** The connector's own properties; what all connectors have (`topics`, `transforms`, `errors.*` ...) is the runtime's. */
  readonly configDef: ConfigDef
  /** Names that the values of others bring in, as a list of aliases does. */
  readonly further?: (properties: Properties) => ConfigDef
}

export interface SourcePlugin extends PluginBase {
  readonly type: 'source'
  /**
   * Makes the connector; does nothing else yet.
   *
   * @param properties those that `configDef` knows, secrets filled in: `configDef.parse(name, properties)` types them.
   */
  create(properties: Properties, context: PluginContext): SourceConnector
}

export interface SinkPlugin extends PluginBase {
  readonly type: 'sink'
  /** As for a source. The runtime adds what `errors.*` says to the connector that it returns. */
  create(properties: Properties, context: PluginContext): SinkConnector
}

/**
 * A connector that can be made from properties, as the REST API and property files have them.
 *
 * @example
 * const definition = configDef({ file: { type: 'string', importance: 'high', doc: 'Path of the file to read.' } })
 *
 * export const lines: ConnectorPlugin = {
 *   classNames: ['org.apache.kafka.connect.file.FileStreamSourceConnector'],
 *   type: 'source',
 *   version: '1.0.0',
 *   configDef: definition,
 *   create: (properties, { name }) => {
 *     const { file } = definition.parse(name, properties)
 *     return { kind: 'source', name, topics: [], open: (context) => openLines(file, context) }
 *   },
 * }
 */
export type ConnectorPlugin = SourcePlugin | SinkPlugin
