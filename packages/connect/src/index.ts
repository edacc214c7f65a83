export { type ConfigDef, configDef, type Properties } from './config/config-def.ts'
export { between, type ConfigKey, nonEmpty, type Validator } from './config/config-key.ts'
export type { Converter, ConverterPlugin, HeaderConverter, HeaderConverterPlugin } from './converters/converter.ts'
export type { ConnectHeader, ConnectRecord, SchemaAndValue } from './data/record.ts'
export type { ConnectField, ConnectSchema, SchemaType } from './data/schema.ts'
export type {
  BadRecord,
  SinkBatch,
  SinkConnector,
  SinkContext,
  SinkPartition,
  SinkSession,
  SourceConnector,
  SourceContext,
  SourceFigures,
  SourceOutput,
  SourcePull,
  SourceSession,
  StoredPosition,
  TopicSpec,
} from './runtime/connector.ts'
export {
  type ConsumedBytes,
  type DeadLetterPlace,
  deserializeRecord,
  type ErrorPolicy,
  type PipelineStage,
  type RecordPipeline,
} from './runtime/pipeline.ts'
export type { ConnectorPlugin, PluginContext, SinkPlugin, SourcePlugin } from './runtime/plugin.ts'
export { forgetPosition, positionsTopic, storedPosition } from './runtime/position-store.ts'
export type { SinkRunnerOptions, SourceRunnerOptions } from './runtime/runner-options.ts'
export { runSink } from './runtime/sink-runner.ts'
export { runSource } from './runtime/source-runner.ts'
export type { ConnectorState, ConnectorStatus, RunningConnector } from './runtime/status.ts'
export type { ConnectPlugins } from './runtime/worker/plugin-registry.ts'
export { type ClickHouseSinkOptions, clickHouseSink } from './sinks/clickhouse/sink.ts'
export { type FileSinkOptions, fileSink } from './sinks/files/sink.ts'
export { httpSink } from './sinks/http/sink.ts'
export type { HttpRecord, HttpSinkOptions } from './sinks/http/sink-options.ts'
export { type MysqlSinkOptions, mysqlSink } from './sinks/mysql/sink.ts'
export { type PostgresSinkOptions, postgresSink } from './sinks/postgres/sink.ts'
export type { SinkLimits, SqlSinkOptions } from './sinks/sql/options.ts'
export type { SinkColumn } from './sinks/sql/settings.ts'
export { type SqliteSinkOptions, sqliteSink } from './sinks/sqlite/sink.ts'
export type { OnUnknownTopic, UnknownTopicRow } from './sources/outbox/outbox-publisher.ts'
export { type PollingOutboxOptions, pollingOutbox } from './sources/polling/polling-outbox.ts'
export type { ColumnConverter } from './sources/postgres/debezium/column-converter.ts'
export type { TableEventOptions } from './sources/postgres/debezium/table-event-options.ts'
export type { HeartbeatOptions } from './sources/postgres/heartbeat.ts'
export { type PostgresOutboxOptions, postgresOutbox } from './sources/postgres/outbox.ts'
export type { Notification, NotificationOptions } from './sources/postgres/signals/notifications.ts'
export { type Signal, type SignalOptions, SignalSender } from './sources/postgres/signals/signal.ts'
export type { PostgresSourceOptions, SourceLimits } from './sources/postgres/source-options.ts'
export { type PostgresTablesOptions, postgresTables, type TableCapture } from './sources/postgres/tables.ts'
export type { Predicate, PredicatePlugin, Transform, TransformPlugin } from './transforms/transform.ts'
