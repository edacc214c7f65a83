import type { MillraceError } from '@millrace/base'
import type { SinkConnector, TopicSpec } from '../../runtime/connector.ts'
import { ownRecords } from '../own-records.ts'
import type { RecordDecoder } from '../record-decoder.ts'
import type { SqlConnection, SqlDialect } from './dialect.ts'
import { OffsetRows } from './offset-rows.ts'
import type { SqlSinkSettings } from './settings.ts'
import { SqlSinkSession } from './sink-session.ts'
import { targetProblems } from './target-check.ts'

export interface SqlSinkParts {
  readonly topics: readonly TopicSpec[]
  readonly settings: SqlSinkSettings
  readonly decoder: RecordDecoder
  readonly dialect: SqlDialect
  readonly connections: number
  readonly onBadRecord: SinkConnector['onBadRecord']
}

/** A sink into whichever database the dialect is of. */
export function sqlSink({ topics, settings, decoder, dialect, connections, onBadRecord }: SqlSinkParts): SinkConnector {
  const { name } = settings
  const applicationName = `millrace:${name}`
  const withConnection = async (work: (connection: SqlConnection) => Promise<void>): Promise<void> => {
    const pool = await dialect.openPool(applicationName, 1)
    try {
      const connection = await pool.connect()
      try {
        await work(connection)
      } finally {
        connection.release(false)
      }
    } finally {
      await pool.close()
    }
  }
  return {
    kind: 'sink',
    name,
    topics,
    onBadRecord,
    open: async (context) => {
      const pool = await dialect.openPool(applicationName, connections)
      const session = new SqlSinkSession({ dialect, pool, settings, decoder: ownRecords(decoder, name), context })
      try {
        await session.prepare()
        return session
      } catch (error) {
        await pool.close().catch(() => {})
        throw dialect.toError(error, `opening ${name}`, { connector: name })
      }
    },
    setOffsets: async (offsets) => {
      const rows = new OffsetRows(dialect, name)
      try {
        await withConnection(async (connection) => {
          await rows.ensureTables(connection)
          // All or none: closing the connection ends what is not committed.
          await connection.query(dialect.beginStatement)
          for (const { partition, offset } of offsets) await rows.set(connection, partition, offset)
          await connection.query('commit')
        })
      } catch (error) {
        throw dialect.toError(error, `setting offsets of ${name}`, { connector: name })
      }
    },
    check: async () => {
      try {
        let problems: MillraceError[] = []
        await withConnection(async (connection) => {
          const names = topics.map((topic) => topic.name)
          problems = await targetProblems(connection, dialect, settings, names)
        })
        return problems
      } catch (error) {
        return [dialect.toError(error, `checking ${name}`)]
      }
    },
  }
}
