export {
  isMillraceError,
  MillraceError,
} from '@millrace/base'
export {
  type PostgresOutboxOptions,
  type PostgresSinkOptions,
  type PostgresTablesOptions,
  postgresOutbox,
  postgresSink,
  postgresTables,
} from '@millrace/connect'
export {
  type KeyInput,
  type KeyOf,
  type Serde,
  serdes,
  type TopicContract,
  topic,
  type ValueInput,
  type ValueOf,
} from '@millrace/contracts'
export { type ConsumeOptions, consume, type Message } from '@millrace/handlers'
export { inbox, inboxMigration, outbox, outboxMigration } from '@millrace/outbox'
export { type QueryClient, queryClient } from '@millrace/query'
export { calendarWindow, type Topology, topology, tumbling } from '@millrace/streams'
export {
  type AppOptions,
  type AppReference,
  app,
  defineConfig,
  type KafkaOptions,
  type MillraceConfig,
} from './config/define-config.ts'
