import { apis, ErrorCode } from '@millrace/protocol'
import { planFetch } from '../fetch/fetch-request.ts'
import { type FetchLimits, noteSent, readPartitions, releaseRecords } from '../fetch/read-partitions.ts'
import { WaitingFetch } from '../fetch/waiting-fetch.ts'
import { handler } from '../request.ts'

/**
 * Fetch (1), v4 to v18. Sessions (KIP-227), topic ids from v13 (KIP-516), read_committed with the list of aborted
 * transactions, first batch returned even if larger than the limits (KIP-74). Waits for `minBytes` up to `maxWaitMs`, woken by
 * appends and not by a timer.
 * Not here: fetches of followers, read replicas, tiered storage.
 */
export const fetch = handler({
  api: apis.Fetch,
  versions: [4, 18],
  kips: [74, 98, 107, 110, 227, 320, 482, 516],
  leftOut:
    'Fetches of followers, read replicas and tiered storage, and with them KIP-392, 405, 853, 903, 951, 1166: there is one node with one disk.',
  handle(request, context) {
    const { core } = context
    const plan = planFetch(request, context.apiVersion, core.fetchSessions)
    if (plan.errorCode !== ErrorCode.NONE) return { errorCode: plan.errorCode }
    const limits: FetchLimits = {
      maxBytes: Math.min(request.maxBytes, core.config.number('fetch.max.bytes')),
      isolation: request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted',
    }
    const found = readPartitions(context, plan, limits)
    // What a limit has cut off is there to be fetched: waiting for more would be in vain.
    const isEnough = found.isCut || found.bytes >= request.minBytes
    if (found.hasError || isEnough || request.maxWaitMs <= 0) {
      noteSent(plan, found)
      return found.response
    }
    releaseRecords(found)
    const waiting = new WaitingFetch(context, plan, limits, { minBytes: request.minBytes, available: found.bytes })
    return waiting.begin(request.maxWaitMs)
  },
})
