import { apis, ErrorCode, RecordBatchView } from '@millrace/protocol'
import type { PlantedBug } from './bugs.ts'
import { batchesOf, every, rewriteFetched, rewriteRequests } from './rewriting.ts'

/** Readers of committed records get whatever is there. */
const servesEverything: Pick<PlantedBug, 'tamper'> = {
  tamper: () => rewriteRequests(apis.Fetch, (body) => ({ ...body, isolationLevel: 0 })),
}

export const readBugs: readonly PlantedBug[] = [
  {
    name: 'the list of aborted transactions is empty',
    found: 'aborted-read',
    tamper: () => rewriteFetched((one) => ({ ...one, abortedTransactions: one.abortedTransactions && [] })),
  },
  { name: 'open transactions are served', found: 'dirty-read', ...servesEverything },
  {
    name: 'transactions read what others have not committed',
    found: 'circular-reads',
    seeds: 100,
    ...servesEverything,
  },
  {
    name: 'one partition takes every transaction for an aborted one',
    found: 'torn-transaction',
    tamper: () =>
      rewriteFetched((one, isCommitted) => {
        if (!isCommitted || one.partitionIndex === 0) return one
        const transactional = batchesOf(one.records).map((bytes) => new RecordBatchView(bytes))
        const abortedTransactions = transactional
          .filter((batch) => batch.isTransactional && !batch.isControl)
          .map(({ producerId, baseOffset: firstOffset }) => ({ producerId, firstOffset }))
        return { ...one, abortedTransactions }
      }),
  },
  {
    name: 'batches are served at the wrong offset',
    found: 'inconsistent-offsets',
    tamper: () => {
      const now = every(10)
      return rewriteFetched((one) => {
        const batches = batchesOf(one.records)
        if (batches.length < 2 || !now()) return one
        const last = new RecordBatchView(batches.at(-1)!)
        last.stamp({ baseOffset: last.baseOffset + 1, leaderEpoch: 0 })
        return { ...one, records: Buffer.concat(batches) }
      })
    },
  },
  {
    name: 'a batch is served twice in one answer',
    found: 'internal-nonmonotonic-poll',
    tamper: () =>
      rewriteFetched((one) => {
        const batches = batchesOf(one.records)
        return batches.length < 2 ? one : { ...one, records: Buffer.concat([...batches, batches.at(-1)!]) }
      }),
  },
  {
    name: 'an offset in the log is out of range now and then',
    found: 'nonmonotonic-poll',
    tamper: () => {
      const now = every(60)
      return rewriteFetched((one) => {
        if (!now()) return one
        return { ...one, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, records: Buffer.alloc(0), highWatermark: -1 }
      })
    },
  },
  {
    name: 'a batch in the middle of an answer is left out',
    found: 'internal-poll-skip',
    tamper: () =>
      rewriteFetched((one) => {
        const batches = batchesOf(one.records)
        if (batches.length < 3) return one
        return { ...one, records: Buffer.concat(batches.filter((_, index) => index !== 1)) }
      }),
  },
  {
    name: 'an answer begins behind what was asked for',
    found: 'poll-skip',
    tamper: () =>
      rewriteFetched((one) => {
        const batches = batchesOf(one.records)
        return batches.length < 2 ? one : { ...one, records: Buffer.concat(batches.slice(1)) }
      }),
  },
  {
    name: 'the last stable offset is the high watermark',
    found: 'stable-past-open',
    tamper: () => rewriteFetched((one) => ({ ...one, lastStableOffset: one.highWatermark })),
  },
  {
    name: 'the high watermark goes back',
    found: 'watermark-backwards',
    tamper: () => {
      const now = every(20)
      return rewriteFetched((one) => (now() ? { ...one, highWatermark: Math.max(0, one.highWatermark - 5) } : one))
    },
  },
]
