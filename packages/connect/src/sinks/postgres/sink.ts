import { checkOptions, resolveLimits } from '@millrace/base/internal'
import type { TopicContract } from '@millrace/contracts'
import { connectClient, connectPool } from '../../postgres/driver.ts'
import { parseTableName } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SinkConnector, SinkContext, SinkSession } from '../../runtime/connector.ts'
import { ensureOffsetTable } from './offset-rows.ts'
import type { RecordSerdes } from './rows.ts'
import { type PostgresSinkOptions, sinkLimits } from './sink-options.ts'
import { PostgresSinkSession } from './sink-session.ts'
import { planTable } from './table-plan.ts'

/**
 * Writes the records of a topic into a table, each exactly once: the offset moves in the same database transaction.
 *
 * @example
 * postgresSink(spend, { url: env.REPORTING_URL, table: 'spend', mode: 'upsert', key: 'customer_id' })
 */
export function postgresSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: PostgresSinkOptions<K, V>,
): SinkConnector {
  checkOptions(
    'postgresSink',
    options,
    {
      name: 'string',
      url: 'string',
      table: 'string',
      mode: { oneOf: ['upsert', 'insert'] },
      key: ['string', 'array'],
      columns: 'object',
      onBadRecord: { oneOf: ['dead-letter', 'fail'] },
      limits: 'object',
    },
    { required: ['url', 'table', 'mode'] },
  )
  const name = options.name ?? `${contract.name}-to-${options.table}`
  const limits = resolveLimits(`postgresSink ${name}`, sinkLimits, options.limits)
  // The plan knows records only as they come; that the functions in `columns` fit them is what the types above check.
  const untyped = options as unknown as PostgresSinkOptions<unknown, unknown>
  const serdes = { key: contract.key, value: contract.value } as unknown as RecordSerdes
  const table = parseTableName(options.table)
  const applicationName = `millrace:${name}`
  const { partitions, config } = contract
  return {
    kind: 'sink',
    name,
    topics: [{ name: contract.name, ...(partitions !== undefined && { partitions }), ...(config && { config }) }],
    onBadRecord: options.onBadRecord ?? 'dead-letter',
    open: async (context: SinkContext): Promise<SinkSession> => {
      const pool = await connectPool(options.url, applicationName, limits.connections)
      try {
        const client = await pool.connect()
        try {
          await ensureOffsetTable(client)
          const plan = await planTable(client, table, untyped, undefined)
          const { maxBatchRows } = limits
          return new PostgresSinkSession({ name, pool, table, serdes, options: untyped, maxBatchRows, context }, plan)
        } finally {
          client.release()
        }
      } catch (error) {
        await pool.end().catch(() => {})
        throw postgresError(error, `opening ${name}`, { connector: name })
      }
    },
    check: async () => {
      try {
        const client = await connectClient(options.url, applicationName)
        await client.end()
        return []
      } catch (error) {
        return [postgresError(error, `checking ${name}`)]
      }
    },
  }
}
