import type { MillraceError } from '@millrace/base'
import type { SourceConnector, SourceContext, SourceSession, StoredPosition } from '../../runtime/connector.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'

/** What keeps a source from reading the server's log while its tables can be read. */
const logRefusals: ReadonlySet<string> = new Set([
  'POSTGRES_WAL_LEVEL',
  'POSTGRES_NO_REPLICATION_RIGHT',
  'POSTGRES_NO_PUBLICATION_RIGHT',
  'POSTGRES_POOLER',
  'POSTGRES_SLOTS_EXHAUSTED',
  'POSTGRES_VERSION',
])

/**
 * An outbox captured from the log where that is possible, and by polling where it is not. The first start decides; the
 * stored position says it from then on, since going over from one to the other would publish events twice or not at all.
 */
export function autoOutbox(log: SourceConnector, polling: SourceConnector): SourceConnector {
  const { name } = log
  let chosen: SourceConnector | undefined
  const choose = async (position: StoredPosition | undefined): Promise<SourceConnector> => {
    if (position) return isPolled(position) ? polling : log
    return (await refusalOf(log, polling)) ? polling : log
  }
  return {
    kind: 'source',
    name,
    topics: log.topics,
    ...(log.snapshotTransactionTimeoutMs !== undefined && {
      snapshotTransactionTimeoutMs: log.snapshotTransactionTimeoutMs,
    }),
    ...(log.mayBeginAnew && { mayBeginAnew: true }),
    async open(context: SourceContext): Promise<SourceSession> {
      const next = await choose(context.position)
      if (next !== chosen) reportNotice(name, sentence(next === log, context.position, await refusalOf(log, polling)))
      chosen = next
      return next.open(context)
    },
    occupied: async () => (await (chosen ?? log).occupied?.()) === true,
    async check() {
      const refusal = await refusalOf(log, polling)
      return (await (refusal ? polling : log).check?.()) ?? []
    },
    async describe() {
      const refusal = await refusalOf(log, polling)
      if (refusal) return [sentence(false, undefined, refusal)]
      return [sentence(true, undefined, undefined), ...((await log.describe?.()) ?? [])]
    },
    watch: async (signal) => {
      await log.watch?.(signal)
    },
  }
}

function isPolled(position: StoredPosition): boolean {
  return 'mode' in position
}

/** Why the log cannot be read, where the table can. */
async function refusalOf(log: SourceConnector, polling: SourceConnector): Promise<MillraceError | undefined> {
  const problems = (await log.check?.()) ?? []
  const refusal = problems.find(({ code }) => logRefusals.has(code))
  if (refusal) return refusal
  // pg_hba.conf may refuse replication connections alone; with a wrong password the table is out of reach, too.
  const denied = problems.find(({ code }) => code === 'POSTGRES_ACCESS_DENIED')
  return denied && ((await polling.check?.()) ?? []).length === 0 ? denied : undefined
}

function sentence(isLog: boolean, position: StoredPosition | undefined, refusal: MillraceError | undefined): string {
  const before = position ? ', as its stored position says' : ''
  if (isLog) return `captures from the log (pgoutput)${before}`
  const why = refusal ? `: ${refusal.message}` : ''
  return `polls its table${before || why}`
}
