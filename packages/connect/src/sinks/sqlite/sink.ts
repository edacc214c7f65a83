import type { TopicContract } from '@millrace/contracts'
import type { SinkConnector } from '../../runtime/connector.ts'
import { contractSqlSink, type SqlSinkOptions } from '../sql/options.ts'
import { sqliteDialect } from './dialect.ts'

export interface SqliteSinkOptions<K, V> extends SqlSinkOptions<K, V> {
  /** Path of the database, created when missing. */
  readonly file: string
}

/**
 * Writes the records of a topic into a table of a SQLite database, each exactly once. Uses `node:sqlite`.
 *
 * @example
 * sqliteSink(spend, { file: 'reporting.db', table: 'spend', mode: 'upsert', key: 'customer_id' })
 */
export function sqliteSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: SqliteSinkOptions<K, V>,
): SinkConnector {
  const dialect = () => sqliteDialect(options.file)
  return contractSqlSink({ where: 'sqliteSink', place: 'file', dialect }, contract, options)
}
