import type { SinkConnector, TopicSpec } from '../../runtime/connector.ts'
import { ownRecords } from '../own-records.ts'
import type { RecordDecoder } from '../record-decoder.ts'
import type { SqlDialect } from './dialect.ts'
import type { SqlSinkSettings } from './settings.ts'
import { SqlSinkSession } from './sink-session.ts'

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
    check: async () => {
      try {
        const pool = await dialect.openPool(applicationName, 1)
        try {
          const connection = await pool.connect()
          connection.release(false)
        } finally {
          await pool.close()
        }
        return []
      } catch (error) {
        return [dialect.toError(error, `checking ${name}`)]
      }
    },
  }
}
